/** A manager whose clock is an hour off: what is due, and since when terms hold, is the database's to say. */

import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Address } from '../../core/base/address.js';
import { checkInvariants } from '../../core/checks/audit/invariants.js';
import { query } from '../../core/db/query.js';
import {
  startTestOrchestrator,
  type TestOrchestrator,
} from '../../core/events/sources/testing/test-orchestrator.js';
import { until } from '../../dev/kit/until.js';
import { type LocalChain, startChain } from '../../dev/stack/chain-node.js';
import { singleWorkflowId } from '../../workflows/contract.js';
import { createTestDatabase, TEST_POOL_ID, type TestDatabase } from '../harness/database.js';
import {
  createPayer,
  createTestWallet,
  credit,
  paidByLedger,
  recordTestTerms,
  reserveFor,
} from '../harness/money.js';
import { createTestNamespace } from '../harness/namespace.js';
import { judge, NOTHING_WRONG } from './verdict.js';
import { startManagerProcess } from './worker-process.js';

const AMOUNT_WEI = 7_000_000_000_000_013n;
const HOUR_MS = 3_600_000;

describe('a manager whose clock is wrong', () => {
  let chain: LocalChain;
  let orchestrator: TestOrchestrator;
  const databases: TestDatabase[] = [];
  beforeAll(async () => {
    [chain, orchestrator] = await Promise.all([
      startChain({ blockTimeSeconds: 0.1 }),
      startTestOrchestrator(),
    ]);
  });
  afterAll(async () => {
    await Promise.all(databases.map((database) => database.close()));
    await Promise.all([chain.stop(), orchestrator.stop()]);
  });

  it.concurrent.each([
    ['ahead', HOUR_MS],
    ['behind', -HOUR_MS],
  ] as const)(
    'by an hour, %s, pays who is due by the clock of the database, and nobody else',
    async (_, clockShiftMs) => {
      const [database, space] = await Promise.all([createTestDatabase(), createTestNamespace()]);
      databases.push(database);
      const { db, url } = database;
      await recordTestTerms(db);
      const wallet = await createTestWallet(db, chain);
      const tooSoon = await paidBefore(database, wallet, '30 minutes');
      const due = await paidBefore(database, wallet, '90 minutes');
      const fresh = await credit(db, [AMOUNT_WEI]);
      const startedAt = await databaseNow(database);
      // The configuration brings a minimum interval of an hour, by an act: the recorded terms have none.
      const manager = await startManagerProcess({
        databaseUrl: url,
        temporalAddress: inject('temporalAddress'),
        namespace: space.namespace,
        chain,
        keystore: wallet.keystore,
        endpoint: orchestrator.url,
        pool: { minPayoutInterval: '1h', termsFrom: '2026-01-01T00:00:00Z' },
        clockShiftMs,
      });
      try {
        await manager.says('openpool worker ready');
        await space.client.schedule
          .getHandle(singleWorkflowId(TEST_POOL_ID, 'payout-round'))
          .trigger();
        await until('two payouts', async () => (await paidByLedger(db)).get(fresh) === AMOUNT_WEI, {
          withinMs: 20_000,
        });
        await expectDuePaid(database, { due, tooSoon });
        await expectTermsFrom(database, startedAt);
        expect(clockError(manager.lines) - clockShiftMs).toBeLessThan(60_000);
        expect(clockError(manager.lines) - clockShiftMs).toBeGreaterThan(-60_000);
      } finally {
        await manager.stop();
        await space.close();
      }
      expect(await checkInvariants(db)).toEqual([]);
      expect(await judge(chain, db, wallet.address)).toEqual(NOTHING_WRONG);
    },
  );

  /** A payee that was paid so long ago, by the database's clock, and has earned the same again. */
  async function paidBefore(
    { db }: TestDatabase,
    wallet: Awaited<ReturnType<typeof createTestWallet>>,
    ago: string,
  ): Promise<Address> {
    const { payoutId, payee } = await reserveFor(db, AMOUNT_WEI);
    await createPayer(wallet.deps).pay(payoutId);
    await db.execute(sql`
      UPDATE payout SET created_at = now() - ${ago}::interval, closed_at = now() - ${ago}::interval
       WHERE id = ${payoutId}`);
    return credit(db, [AMOUNT_WEI], payee);
  }

  async function expectDuePaid(
    { db }: TestDatabase,
    { due, tooSoon }: { readonly due: Address; readonly tooSoon: Address },
  ): Promise<void> {
    await until(
      'the payout that is due',
      async () => (await paidByLedger(db)).get(due) === 2n * AMOUNT_WEI,
      { withinMs: 20_000 },
    );
    expect((await paidByLedger(db)).get(tooSoon)).toBe(AMOUNT_WEI);
    const open = await query(db, sql`SELECT FROM payout WHERE payee = ${tooSoon}`);
    expect(open).toHaveLength(1);
  }

  async function databaseNow({ db }: TestDatabase): Promise<string> {
    const [row] = await query<{ now: string }>(db, sql`SELECT now() AS now`);
    return row?.now ?? '';
  }

  /** In force since the process started: neither from an hour ago on nor in an hour. */
  async function expectTermsFrom({ db }: TestDatabase, startedAt: string): Promise<void> {
    const rows = await query<{ in_time: boolean }>(
      db,
      sql`SELECT from_dt BETWEEN ${startedAt}::timestamptz AND now() AS in_time
            FROM terms ORDER BY from_dt DESC, id DESC`,
    );
    expect(rows).toHaveLength(2);
    expect(await query(db, sql`SELECT FROM terms WHERE min_interval_ms = ${HOUR_MS}`)).toHaveLength(
      1,
    );
    expect(rows[0]).toEqual({ in_time: true });
  }

  /** The fault itself: how far the process' log is from this clock. */
  function clockError(lines: readonly string[]): number {
    const line = lines.findLast((one) => one.includes('"time"')) ?? '{}';
    const { time } = JSON.parse(line) as { readonly time: string };
    return new Date(time).getTime() - Date.now();
  }
});
