/** A backup is made of a pool that has paid, and tried: restored, audited and compared with the chain, on real parts. */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import type { TestDatabase } from '../../test/harness/database.js';
import {
  createMoneyDatabase,
  createPayer,
  createTestWallet,
  reserveFor,
  sendForeign,
  type TestWallet,
} from '../../test/harness/money.js';
import { findPostgresPrograms } from '../../test/harness/postgres-programs.js';
import { testConfig } from '../../test/kit/test-pool.js';
import { makeBackup } from './backup.js';
import { connectionOf } from './programs.js';
import { drillRestore } from './verify.js';

const pgBin = await findPostgresPrograms();

describe.skipIf(pgBin === undefined)('a backup', () => {
  let chain: LocalChain;
  let database: TestDatabase;
  let wallet: TestWallet;
  let dir: string;
  let config: ReturnType<typeof testConfig>;
  const where = { pgBin: pgBin ?? '' };
  const drill = (file: string) => drillRestore(config, { file, ...where });
  const found = (steps: Awaited<ReturnType<typeof drill>>) =>
    steps
      .filter(({ ok }) => !ok)
      .flatMap(({ step, words }) => words.map((one) => `${step} ${one}`));

  beforeAll(async () => {
    [chain, database, dir] = await Promise.all([
      startChain({ blockTimeSeconds: 0.1 }),
      createMoneyDatabase(),
      mkdtemp(join(tmpdir(), 'openpool-backup-')),
    ]);
    wallet = await createTestWallet(database.db, chain);
    config = { ...testConfig(), chain: wallet.deps.chain };
    const { payoutId } = await reserveFor(database.db, 6_000_000_000_000_017n);
    await createPayer(wallet.deps).pay(payoutId);
  });
  afterAll(async () => {
    await Promise.all([database.close(), chain.stop()]);
    await rm(dir, { recursive: true, force: true });
  });

  it('is restored elsewhere, adds up to the wei, and is as far as the chain; the real database is not touched', async () => {
    const file = join(dir, 'well.dump');
    const written = await makeBackup(database.db, { file, ...where });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(written.bytes).toBe((await stat(file)).size);
    expect(await readdir(dir)).toEqual(['well.dump']);
    const before = await database.db.execute(sql`SELECT * FROM ledger_audit`);
    const steps = await drill(file);
    expect(found(steps)).toEqual([]);
    expect(steps.map(({ step }) => step)).toEqual(['restore', 'age', 'upgrade', 'audit', 'chain']);
    expect(steps.map(({ words }) => words.join()).join('\n')).toMatch(/knows last is of 20.* ago/);
    for (const { tookMs } of steps) expect(tookMs).toBeGreaterThan(0);
    expect((await database.db.execute(sql`SELECT * FROM ledger_audit`)).rows).toEqual(before.rows);
    await expect(makeBackup(database.db, { file, ...where })).rejects.toMatchObject({
      code: 'BACKUP_FAILED',
    });
  });

  it('that is older than what the wallet sent is said to be, with what to do', async () => {
    const file = join(dir, 'older.dump');
    await makeBackup(database.db, { file, ...where });
    await sendForeign(chain, wallet, 1);
    const steps = await drill(file);
    expect(steps.at(-1)?.words.join()).toMatch(
      /has sent 1 transaction that it does not know; .*wallet adopt/,
    );
  });

  it('in which a wei is missing is found, and so is a chain that does not answer', async () => {
    await database.db.execute(sql`UPDATE payout SET amount_wei = amount_wei + 1`);
    const file = join(dir, 'drift.dump');
    await makeBackup(database.db, { file, ...where });
    const cut = { ...config, chain: { ...config.chain, rpcUrls: ['http://127.0.0.1:9'] } };
    const all = found(await drillRestore(cut, { file, ...where })).join('\n');
    expect(all).toMatch(/^audit /);
    expect(all).toMatch(/chain 0x.*did not answer/);
  });

  it('that is stopped leaves neither a part of a file nor a scratch server', async () => {
    const signal = AbortSignal.abort(new Error('stopped'));
    const scratchDir = await mkdtemp(join(dir, 'scratch-'));
    const before = await readdir(dir);
    const stopped = makeBackup(database.db, { file: join(dir, 'cut.dump'), signal, ...where });
    await expect(stopped).rejects.toThrow(/abort/);
    expect(await readdir(dir)).toEqual(before);
    const file = join(dir, 'stopped.dump');
    await makeBackup(database.db, { file, ...where });
    for (const after of ['restore', 'upgrade']) {
      const leaving = new AbortController();
      const onStep = ({ step }: { step: string }) => {
        if (step === after) setTimeout(() => leaving.abort(new Error(`stopped after ${after}`)), 1);
      };
      const order = { file, scratchDir, onStep, signal: leaving.signal, ...where };
      await expect(drillRestore(config, order)).rejects.toThrow(`stopped after ${after}`);
      expect(await readdir(scratchDir)).toEqual([]);
    }
  });

  it('that is none, and programs that are too old or missing, are named', async () => {
    const file = join(dir, 'none.dump');
    await writeFile(file, 'not a dump');
    await expect(drill(file)).rejects.toMatchObject({ code: 'BACKUP_FAILED' });
    await expect(
      makeBackup(database.db, { file: join(dir, 'x'), pgBin: dir }),
    ).rejects.toMatchObject({
      code: 'BACKUP_TOOLS_MISSING',
    });
  });
});

describe('the database as the programs of Postgres take it', () => {
  it('has its password in the environment alone, wherever the URL has it', () => {
    const env = { PGPASSWORD: 'a b%' };
    const dbname = 'postgres://u@h:5/d?options=-c%20x%3D1';
    expect(connectionOf('postgres://u:a%20b%25@h:5/d?options=-c%20x%3D1')).toEqual({ dbname, env });
    expect(connectionOf('postgres://u:old@h:5/d?password=a%20b%25&options=-c+x%3D1')).toEqual({
      dbname,
      env,
    });
    expect(connectionOf('postgres://u@h/d')).toEqual({ dbname: 'postgres://u@h/d', env: {} });
  });

  it('has no parameter that only the client of node knows', () => {
    const searchOf = (search: string) =>
      new URL(connectionOf(`postgres://h/d?${search}`).dbname).search;
    expect(searchOf('sslmode=no-verify&uselibpqcompat=true')).toBe('?sslmode=require');
    expect(searchOf('ssl=true&statement_timeout=5')).toBe('?sslmode=require');
    expect(searchOf('ssl=0')).toBe('?sslmode=disable');
    expect(searchOf('ssl=true&sslmode=verify-full')).toBe('?sslmode=verify-full');
  });

  it('is refused with words when a % of the password begins no escape', () => {
    expect(() => connectionOf('postgres://u:50%@h/d')).toThrow(/password .* write %25/);
  });
});
