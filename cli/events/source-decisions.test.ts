/** An operator's decisions about a source, on the command line and a real database, with nothing else running. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { listSources } from '../../core/events/store/sources/source-reads.js';
import { registerSources } from '../../core/events/store/sources/source-register.js';
import { stopSources } from '../../core/events/store/sources/source-stops.js';
import { listAuditLog } from '../../core/ledger/store/audit-log-reads.js';
import { runOpenpool } from '../../test/harness/command-line.js';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { ingest, processedJob } from '../../test/harness/jobs.js';
import { recordTerms } from '../../test/harness/terms.js';

const HOUR_MS = 3_600_000;
const ALICE = '0x00000000000000000000000000000000000a11ce';
const OLD = 'http://one.example.com:7935/pool/events';
const TWO = 'http://two.example.com:7935/pool/events';
const NEW = 'https://new.example.com:7935/pool/events';

const sources = [
  { id: 'one', readsFrom: OLD },
  { id: 'two', readsFrom: TWO },
].map((one) => ({
  ...{ ...one, kind: 'orchestrator-http', region: 'eu', nodeType: 'ai' as const, from: null },
}));

describe('openpool source', () => {
  let dir: string;
  let database: TestDatabase;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-source-'));
    database = await createTestDatabase();
    const { db } = database;
    const startMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 2 * HOUR_MS;
    const terms = { commissionBps: 2_500, thresholdWei: 1n, minIntervalMs: 0 };
    await recordTerms(db, terms, new Date(startMs));
    await registerSources(db, sources);
    // Plays a database that an earlier version left, which did not compare sources.
    await db.execute(sql`UPDATE source SET watch_left = 0`);
    const jobs = [1, 2, 3].map((n) =>
      processedJob(`${n}`, startMs + n * 1_000, {
        requestId: null,
        grossWei: 1_000n,
        payee: ALICE,
      }),
    );
    await ingest(db, 'one', jobs);
    await ingest(db, 'two', jobs.slice(1));
    await writeFile(
      join(dir, 'pool.yaml'),
      stringify({
        sources: sources.map(({ id, readsFrom, region, nodeType }) => ({
          ...{ id, region, nodeType, from: 'beginning' },
          options: { endpoint: readsFrom },
        })),
        database: { url: database.url },
        temporal: { address: '127.0.0.1:1' },
        chain: { id: 31_337, rpcUrls: ['http://127.0.0.1:1'] },
        wallet: { keystoreFile: 'none', passphraseFile: 'none' },
      }),
    );
  });
  afterAll(async () => {
    await database.close();
    await rm(dir, { recursive: true, force: true });
  });
  const run = (...words: readonly string[]) =>
    runOpenpool(['source', ...words, '--config', join(dir, 'pool.yaml')]);
  const placeOfOne = async () =>
    (await listSources(database.db, new Date())).find(({ id }) => id === 'one')?.readsFrom;
  const lastDecision = async () =>
    (await listAuditLog(database.db, { limit: 1, cursor: null })).items[0];

  it('twice: lists by remote worker what the first credited for jobs of the other, with exit code 3', async () => {
    const said = await run('twice', 'two', 'one');
    expect(said).toMatchObject({ code: 3, err: '' });
    expect(said.out).toMatch(/PAYEE +NODE TYPE +REGION +JOBS +GROSS +CREDITED TWICE\n/);
    expect(said.out).toMatch(/0x0+A11cE +ai +eu +2 +.*\(2000 wei\) +.*\(1500 wei\)/);
    expect((await run('twice', 'two', 'three')).err).toContain('SOURCE_UNKNOWN');
  });

  it('move: gives a source another address under its id, and keeps who said so', async () => {
    const to = ['move', 'one', '--to', NEW];
    expect((await run(...to)).err).toContain("required option '--reason");
    const order = [...to, '--reason', 'a new machine'];
    const dry = await run(...order, '--dry-run', '--json');
    expect(dry).toMatchObject({ code: 0 });
    expect(JSON.parse(dry.out)).toMatchObject({ from: OLD, to: NEW, changed: true, dryRun: true });
    expect(await placeOfOne()).toBe(OLD);

    const moved = await run(...order);
    expect(moved).toMatchObject({ code: 0, err: '' });
    expect(moved.out).toMatch(/^from .* to .*; nothing new counts before that address has shown/);
    expect(await placeOfOne()).toBe(NEW);
    expect(await lastDecision()).toMatchObject({
      ...{ action: 'source.move', subject: 'one', reason: 'a new machine' },
      detail: { from: OLD, to: NEW, accepted: 'false' },
    });
    expect((await run(...order)).out).toContain('already: nothing was changed');
    const accepted = await run(...order, '--accept', '--json');
    expect(JSON.parse(accepted.out)).toMatchObject({ changed: true, mustProve: false });
  });

  it('move: refuses a place of another kind, one that another source reads, and an unknown source', async () => {
    const reason = ['--reason', 'why'];
    const file = await run('move', 'one', '--to', 'file:/dumps/*.json', ...reason);
    expect(file.code).toBe(2);
    expect(file.err).toContain('REQUEST_INVALID');
    const taken = await run('move', 'one', '--to', TWO, ...reason);
    expect(taken.err).toContain('SOURCE_READ_TWICE');
    const nobody = await run('move', 'three', '--to', NEW, ...reason);
    expect(nobody.err).toContain('SOURCE_UNKNOWN');
    expect(await placeOfOne()).toBe(NEW);
  });

  it('resume: lets a stopped source be read again, once, with a reason', async () => {
    const order = ['resume', 'two', '--reason', 'it reads something else now'];
    expect((await run(...order)).err).toContain('SOURCE_NOT_STOPPED');
    const why = 'gives the events of "one"';
    await stopSources(database.db, [{ sourceId: 'two', otherId: 'one', why }]);
    expect((await run('list')).out).toContain(`stopped: ${why}`);
    expect((await run('resume', 'two', '--reason', ' ')).code).not.toBe(0);
    const resumed = await run(...order);
    expect(resumed).toMatchObject({ code: 0, err: '' });
    expect(resumed.out).toContain('it is read again at its next turn, and compared again');
    expect(await lastDecision()).toMatchObject({
      ...{ action: 'source.resume', subject: 'two', reason: 'it reads something else now' },
      detail: { stopped: expect.stringContaining(why) },
    });
    expect((await run('list')).out).not.toContain('stopped');
  });
});
