import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { payeeOf } from '../../../test/harness/event-world.js';
import { LOCKS } from '../../db/locks.js';
import { transact } from '../../db/transact.js';
import { ratesOf, recordRates, type WorkerRate } from './worker-rates.js';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.close());

const HOUR = 3_600_000;
const WORKER = { payee: payeeOf(1), nodeType: 'ai', region: 'US West' } as const;
const rate = (commissionBps: number, from: Date | null = null): WorkerRate => ({
  ...WORKER,
  from,
  commissionBps,
  bonusBps: 0,
  policy: 'terms',
  policyVersion: '1',
  optionsHash: 'h',
  reason: 'tier gold',
});
const record = (...rates: WorkerRate[]) => transact(database.db, (tx) => recordRates(tx, rates));
const held = async () => {
  const steps = (await ratesOf(database.db, [WORKER])).get(`${WORKER.payee}/ai/US West`) ?? [];
  return steps.map(({ fromMs, commissionBps }) => [fromMs, commissionBps]);
};
const credit = () =>
  database.db.execute(sql`
    WITH p AS (INSERT INTO payee (address) VALUES (${WORKER.payee}))
    INSERT INTO remote_worker (payee, node_type, region, jobs) VALUES (${WORKER.payee}, 'ai', 'US West', 1)`);

describe('rates of a remote worker', () => {
  it('hold from the beginning for one that earned nothing, and are written once', async () => {
    expect(await record(rate(2_500))).toHaveLength(1);
    expect(await record(rate(2_500))).toEqual([]);
    expect(await held()).toEqual([[0, 2_500]]);
    expect(await ratesOf(database.db, [{ ...WORKER, region: 'eu' }])).toEqual(new Map());
  });

  it('never begin in the past once something was credited, and keep what is announced', async () => {
    await record(rate(2_500));
    await credit();
    const later = new Date(Date.now() + HOUR);
    const before = Date.now();
    await record(rate(1_000, new Date(0)), rate(500, later));
    const [first, second, third] = await held();
    expect(first).toEqual([0, 2_500]);
    expect(second?.[1]).toBe(1_000);
    expect(second?.[0]).toBeGreaterThanOrEqual(before);
    expect(third).toEqual([later.getTime(), 500]);
    await record(rate(1_000, new Date()));
    expect((await held()).map(([, bps]) => bps)).toEqual([2_500, 1_000, 1_000]);
  });

  it('are refused by the database when somebody else dates them back, changes or deletes them', async () => {
    await record(rate(2_500));
    await credit();
    const run = (statement: string) => database.db.$client.query(statement);
    const insert = (from: string) =>
      run(`INSERT INTO worker_rate (payee, node_type, region, from_dt, commission_bps, bonus_bps, policy, policy_version,
             options_hash, reason, recorded_at)
           VALUES ('${WORKER.payee}', 'ai', 'US West', ${from}, 1, 0, 'p', '1', 'h', 'r', '2000-01-01')`);
    await expect(insert(`clock_timestamp() - interval '1 second'`)).rejects.toThrow('in the past');
    await insert(`clock_timestamp() + interval '1 minute'`);
    await expect(run(`UPDATE worker_rate SET commission_bps = 1`)).rejects.toThrow('never changed');
    await expect(run(`DELETE FROM worker_rate`)).rejects.toThrow('never changed');
    const { rows } = await run(`SELECT min(recorded_at) > '2001-01-01' AS dated FROM worker_rate`);
    expect(rows).toEqual([{ dated: true }]);
  });

  it('wait for whoever counts jobs, and begin after', async () => {
    const client = await database.db.$client.connect();
    await client.query(`BEGIN; SELECT pg_advisory_xact_lock_shared(${LOCKS.workerRates})`);
    const recording = record(rate(1_000, new Date()));
    const waits = `SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory'`;
    while ((await database.db.$client.query(waits)).rowCount === 0);
    await client.query(`INSERT INTO payee (address) VALUES ('${WORKER.payee}');
      INSERT INTO remote_worker (payee, node_type, region, jobs) VALUES ('${WORKER.payee}', 'ai', 'US West', 1)`);
    const beforeMs = Date.now();
    await client.query('COMMIT');
    client.release();
    const [made] = await recording;
    expect(made?.fromMs).toBeGreaterThanOrEqual(beforeMs);
  });

  it('are recorded for many workers at once', async () => {
    const region = (n: number) => ({ ...rate(2_500), region: `r${n}` });
    const many = Array.from({ length: 4_500 }, (_, n) => region(n));
    expect(await record(...many)).toHaveLength(4_500);
  });
});
