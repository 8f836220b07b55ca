/** A schedule that is asked to make up for a whole day at once. */

import { ScheduleOverlapPolicy } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { query } from '../../core/db/query.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import { applySchedules } from '../../worker/temporal/schedules.js';
import { singleWorkflowId } from '../../workflows/contract.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../harness/database.js';
import {
  createTestWallet,
  credit,
  paidByLedger,
  recordTestTerms,
  type TestWallet,
  transfersOf,
} from '../harness/money.js';
import { testConfig } from '../kit/test-pool.js';
import { type Manager, startManager, untilAllEnded } from './manager.js';
import { judge, NOTHING_WRONG } from './verdict.js';

const AMOUNT_WEI = 8_000_000_000_000_011n;
const DAY_MS = 86_400_000;
const ROUNDS = 48;

describe('a backfilled payout round', () => {
  let chain: LocalChain;
  let database: TestDatabase;
  let wallet: TestWallet;
  let manager: Manager;
  beforeAll(async () => {
    [chain, database] = await Promise.all([
      startChain({ blockTimeSeconds: 0.1 }),
      createTestDatabase(),
    ]);
    wallet = await createTestWallet(database.db, chain);
    manager = await startManager(database.url, wallet);
  });
  afterAll(async () => {
    await manager.stop();
    await Promise.all([database.close(), chain.stop()]);
  });

  const finishedRounds = async () => {
    const [row] = await query<{ rounds: string }>(
      database.db,
      sql`SELECT count(*) AS rounds FROM payout_round WHERE finished_at IS NOT NULL`,
    );
    return Number(row?.rounds);
  };

  it('pays nobody twice when a day of rounds runs at once, and keeps the minimum interval', async () => {
    await recordTestTerms(database.db, { minIntervalMs: 3_600_000 });
    const payees = await Promise.all(
      Array.from({ length: 15 }, () => credit(database.db, [AMOUNT_WEI])),
    );
    const { pool, notices, guard, shadow, revenue } = testConfig();
    const poolId = TEST_POOL_ID;
    const rounds = { ...pool, payoutIntervalMs: DAY_MS / ROUNDS };
    const settings = { poolId, pool: rounds, sources: [], notices, guard, shadow, revenue };
    const { schedule } = manager.client;
    await applySchedules(schedule, settings);
    const handle = schedule.getHandle(singleWorkflowId(TEST_POOL_ID, 'payout-round'));
    const now = Date.now();
    await handle.backfill({
      start: new Date(now - DAY_MS),
      end: new Date(now),
      overlap: ScheduleOverlapPolicy.ALLOW_ALL,
    });
    // More comes in meanwhile: due in an hour, whatever hour a round believes it makes up for.
    await Promise.all(payees.map((payee) => credit(database.db, [5n], payee)));
    await until(`${ROUNDS} rounds`, async () => (await finishedRounds()) >= ROUNDS, {
      withinMs: 40_000,
      everyMs: 200,
    });
    await untilAllEnded(database.db);
    expect(await checkInvariants(database.db)).toEqual([]);
    expect(await judge(chain, database.db, wallet.address)).toEqual(NOTHING_WRONG);
    expect(await transfersOf(chain, wallet.address)).toHaveLength(15);
    const paid = await paidByLedger(database.db);
    for (const payee of payees) expect([AMOUNT_WEI, AMOUNT_WEI + 5n]).toContain(paid.get(payee));
  });
});
