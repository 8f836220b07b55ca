/** Running history and the next round under another file's terms, on a real database with nothing else running. */
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
const DAY = '2026-03-14';
const AT_MS = Date.parse(`${DAY}T12:00:00Z`);
const PERIOD = ['--from', DAY, '--to', DAY];

describe('openpool simulate', () => {
  let dir: string;
  let database: TestDatabase;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'openpool-simulate-'));
    database = await createTestDatabase();
    const { db } = database;
    await recordTerms(db, { commissionBps: 2_500, thresholdWei: 10n ** 15n, minIntervalMs: 0 });
    const place = { kind: 'k', region: 'eu', nodeType: 'ai', from: null } as const;
    await registerSources(db, [{ id: 'a', readsFrom: 'a', ...place }]);
    const job = (id: string, dtMs: number, payee: typeof ANN | typeof BOB) =>
      processedJob(id, dtMs, { requestId: null, grossWei: FEE_WEI, payee });
    await ingest(db, 'a', [
      job('1', AT_MS, ANN),
      job('2', AT_MS, BOB),
      job('3', AT_MS + 1, BOB),
      job('4', AT_MS + 86_400_000, ANN),
    ]);
    // Their raw events are gone, as after archiving.
    await db.$client.query(`DELETE FROM pool_event WHERE event_id = '3'`);
    await writePool('pool.yaml', {});
  });
  afterAll(async () => {
    await database.close();
    await rm(dir, { recursive: true, force: true });
  });
  const writePool = async (name: string, terms: object, pool: object = {}) => {
    const config = quietConfig(database.url, {
      pool: {
        commission: '25%',
        payoutThreshold: '0.001 ETH',
        minPayoutInterval: '0s',
        ...pool,
        terms,
      },
    });
    await writeFile(join(dir, name), stringify(config));
  };
  const simulate = (other: string, ...words: readonly string[]) =>
    runOpenpool([
      'simulate',
      '--pool',
      join(dir, other),
      ...words,
      '--config',
      join(dir, 'pool.yaml'),
    ]);

  it("changes nothing with the pool's own file, and says what it could not split", async () => {
    const said = await simulate('pool.yaml', ...PERIOD, '--json');
    expect(said.code, said.err).toBe(0);
    const { total, left, payees, from, to } = JSON.parse(said.out);
    expect([from, to]).toEqual(['2026-03-14T00:00:00.000Z', '2026-03-15T00:00:00.000Z']);
    expect(payees).toHaveLength(2);
    expect(total).toMatchObject({ jobs: 2, gain: 0, lose: 0, changeWei: '0' });
    expect(left).toMatchObject({ jobs: 1, grossWei: FEE_WEI.toString() });
    const text = await simulate('pool.yaml', ...PERIOD);
    expect(text.out).toContain('Left out: 1 job');
    expect(text.out).toContain('Nothing was changed.');
    expect(text.out).not.toContain('█');
  });

  it('says who gains and loses to the wei, in a table and a chart, and writes nothing', async () => {
    const { rows } = await database.db.$client.query(
      `SELECT string_agg(format('SELECT %L, (SELECT md5(string_agg(t::text, '''' ORDER BY t::text)) FROM %I t)', relname, relname),
                         ' UNION ALL ') AS statement
         FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`,
    );
    const contents = async () =>
      (await database.db.$client.query(`${rows[0].statement} ORDER BY 1`)).rows;
    const before = await contents();
    await writePool(
      'other.yaml',
      { workers: { [BOB]: { commission: '10%' } } },
      { commission: '30%' },
    );
    const said = await simulate('other.yaml', ...PERIOD, '--json');
    const cut = (bps: bigint) => (FEE_WEI * bps) / 10_000n;
    const { payees, total } = JSON.parse(said.out);
    expect(payees).toMatchObject([
      { marginBeforeWei: `${cut(2_500n)}`, changeWei: `${cut(2_500n) - cut(3_000n)}` },
      { marginAfterWei: `${cut(1_000n)}`, changeWei: `${cut(2_500n) - cut(1_000n)}` },
    ]);
    expect(total).toMatchObject({ gain: 1, lose: 1 });
    const text = await simulate('other.yaml', ...PERIOD);
    expect(text.out).toMatch(/PAYEE +JOBS +NET BEFORE +NET AFTER +CHANGE/);
    expect(text.out).toMatch(/ +│█{30} \+0\.00135/);
    expect(text.out).toMatch(/ █{9}│ +-0\.00045/);
    expect(await contents()).toEqual(before);
  });

  it('shows the next round: payouts, gas and what stays below thresholds', async () => {
    await writePool('high.yaml', {}, { payoutThreshold: '0.01 ETH' });
    const said = await simulate('high.yaml', '--next-round', '--json');
    expect(said.code, said.err).toBe(0);
    const { before, after } = JSON.parse(said.out);
    expect(before.totals.pays).toBe(2);
    expect(before.dust).toEqual({ payees: 0, pendingWei: '0' });
    // Each has done two jobs, of which a quarter was taken.
    expect(after.totals.pays).toBe(2);
    await writePool('higher.yaml', {}, { payoutThreshold: '0.02 ETH' });
    const higher = await simulate('higher.yaml', '--next-round');
    expect(higher.out).toMatch(/below thresholds, after +0\.027\S* ETH .* of 2 payees/);
    expect(higher.out).toContain('BELOW_THRESHOLD');
    expect(higher.out).toMatch(/gas, before +not known/);
  });

  it('refuses what makes no sense, and tells when the policy fails', async () => {
    expect((await simulate('pool.yaml')).code).toBe(2);
    expect((await simulate('pool.yaml', ...PERIOD, '--next-round')).code).toBe(2);
    expect((await simulate('pool.yaml', '--from', '2026-03-14', '--to', '2026-03-13')).code).toBe(
      2,
    );
    expect((await simulate('none.yaml', ...PERIOD)).code).toBe(2);
    await writeFile(
      join(dir, 'mine.mjs'),
      `export default { name: 'mine', version: '1', terms() { throw new Error('no idea'); } };`,
    );
    await writePool('code.yaml', {}, { policy: { module: './mine.mjs' } });
    const failed = await simulate('code.yaml', ...PERIOD);
    expect(failed.code, failed.err).toBe(3);
    expect(failed.out).toContain('no idea');
  });
});
