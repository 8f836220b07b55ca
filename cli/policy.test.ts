/** Trying a policy against the history on the command line, on a real database with nothing else running. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { registerSources } from '../core/events/store/sources/source-register.js';
import { runOpenpool } from '../test/harness/command-line.js';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
import { ingest, processedJob } from '../test/harness/jobs.js';
import { quietConfig } from '../test/harness/quiet-pool.js';
import { recordTerms } from '../test/harness/terms.js';

const ANN = '0x00000000000000000000000000000000000000aa';
const BOB = '0x00000000000000000000000000000000000000bb';
const FEE_WEI = 9_007_199_254_740_993n;
const BORDER_MS = Date.parse('2026-03-15T06:00:00Z');

/** Ann pays 10 % before the border and 20 % from then on; for Bob the policy fails. */
const POLICY = `export default {
  name: 'mine', version: '1',
  terms(worker, at) {
    if (worker.address.endsWith('bb')) throw new Error('no Bob');
    const isEarly = at < '2026-03-15T06:00:00.000Z';
    return isEarly
      ? { commissionBps: 1000, reason: 'spring', until: '2026-03-15T06:00:00.000Z' }
      : { commissionBps: 2000, reason: 'usual' };
  },
};`;

describe('openpool policy check', () => {
  let dir: string;
  let database: TestDatabase;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-policy-check-'));
    database = await createTestDatabase();
    const { db } = database;
    await recordTerms(db, { commissionBps: 2_500, thresholdWei: 1n, minIntervalMs: 0 });
    const place = { kind: 'k', region: 'eu', nodeType: 'ai', from: null } as const;
    await registerSources(db, [{ id: 'a', readsFrom: 'a', ...place }]);
    const job = (id: string, dtMs: number, payee: typeof ANN | typeof BOB) =>
      processedJob(id, dtMs, { requestId: null, grossWei: FEE_WEI, payee });
    await ingest(db, 'a', [
      job('1', BORDER_MS - 86_400_000, ANN),
      job('2', BORDER_MS - 1, ANN),
      job('3', BORDER_MS, ANN),
      job('4', BORDER_MS, BOB),
      // After the period.
      job('5', Date.parse('2026-03-17T00:00:00Z'), ANN),
    ]);
    const config = quietConfig(database.url);
    await writeFile(join(dir, 'pool.yaml'), stringify(config));
    await writeFile(join(dir, 'mine.mjs'), POLICY);
  });
  afterAll(async () => {
    await database.close();
    await rm(dir, { recursive: true, force: true });
  });
  const check = (...words: readonly string[]) => {
    const config = ['--config', join(dir, 'pool.yaml')];
    return runOpenpool(['policy', 'check', join(dir, 'mine.mjs'), ...words, ...config]);
  };
  const PERIOD = ['--against', '2026-03-14..2026-03-16'];

  it('splits each job anew to the wei, keeps the rates of whom it fails for, and changes nothing', async () => {
    const counted = async () => {
      const rows = await database.db.$client.query('SELECT id FROM worker_rate ORDER BY id');
      return rows.rows;
    };
    const before = await counted();
    const said = await check(...PERIOD, '--json');
    expect(said.code, said.err).toBe(3);
    const [ann, bob] = JSON.parse(said.out).payees;
    const cut = (bps: bigint) => (FEE_WEI * bps) / 10_000n;
    expect(ann).toMatchObject({
      jobs: 3,
      rateBeforeBps: 2_500,
      rateAfterBps: 1_333,
      netBeforeWei: (3n * (FEE_WEI - cut(2_500n))).toString(),
      netAfterWei: (3n * FEE_WEI - 2n * cut(1_000n) - cut(2_000n)).toString(),
    });
    expect(bob).toMatchObject({ jobs: 1, rateAfterBps: 2_500, changeWei: '0' });
    expect(JSON.parse(said.out).wrong.join()).toMatch(/no Bob/);
    expect(await counted()).toEqual(before);
  });

  it('shows a table with ETH and wei, and says what makes no sense', async () => {
    const said = await check(...PERIOD);
    expect(said.out).toMatch(/PAYEE +JOBS +RATE BEFORE +RATE AFTER +NET BEFORE +NET AFTER +CHANGE/);
    expect(said.out).toContain('25%');
    expect(said.out).toMatch(/ETH \(\d+ wei\)/);
    expect(said.out).toContain('Nothing was changed.');
    expect((await check('--against', 'yesterday')).code).toBe(2);
    expect((await check('--options', '{')).code).toBe(2);
  });
});
