import { randomUUID } from 'node:crypto';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, test, vi } from 'vitest';
import { createCheckActivities } from '../activities/checks.js';
import type { AdoptionReport } from '../core/checks/rules/check-reports.js';
import { startChain } from '../dev/stack/chain-node.js';
import { createTestDatabase } from '../test/harness/database.js';
import { createTestWallet } from '../test/harness/money.js';
import { giveOrder } from '../test/harness/orders.js';
import { connectTestTemporal } from '../test/harness/temporal.js';
import { BACKFILL_CALL, HISTORY_CALL } from './activity-options.js';

const REPORT: AdoptionReport = { applied: true, complete: true, waiting: null, findings: [] };

describe.concurrent('what Temporal itself has to notice', () => {
  test('a repair whose worker dies is taken over within seconds: the wallet is halted meanwhile', async () => {
    const temporal = await connectTestTemporal();
    let calls = 0;
    await temporal.startWorker({
      async adoptWallet() {
        calls += 1;
        // Behaves like a killed process on the first call: no heartbeat and no answer.
        return calls === 1 ? await Context.current().cancelled : REPORT;
      },
    });
    const startedMs = performance.now();
    const { client, taskQueue } = temporal;
    const report = await client.workflow.execute('adoptWallet', {
      taskQueue,
      workflowId: randomUUID(),
      args: [{ poolId: 'a', orderId: randomUUID() }],
    });
    expect(report).toEqual(REPORT);
    expect(calls).toBe(2);
    expect(performance.now() - startedMs).toBeLessThan(30_000);
    await temporal.close();
  });

  test('a reconciliation that no endpoint can answer ends and says why', async () => {
    const temporal = await connectTestTemporal();
    const message = 'name an endpoint of an archive node in chain.rpcUrls';
    await temporal.startWorker({
      reconcileWallet: () =>
        Promise.reject(ApplicationFailure.create({ type: 'CHAIN_UNREACHABLE', message })),
    });
    const { client, taskQueue } = temporal;
    const run = client.workflow.execute('reconcile', {
      taskQueue,
      workflowId: randomUUID(),
      args: [{ poolId: 'a', fromOpening: false }],
    });
    await expect(run).rejects.toMatchObject({ cause: { cause: { message } } });
    await temporal.close();
  }, 90_000);
});

test('what reads all of the history may take days, as a backfill may', () => {
  expect(HISTORY_CALL.startToCloseTimeout).toBe(BACKFILL_CALL.startToCloseTimeout);
});

test('every activity that may take long beats while it works, and one that hangs beats no more', async () => {
  const chain = await startChain();
  const database = await createTestDatabase();
  const { db } = database;
  const { deps } = await createTestWallet(database.db, chain);
  const activities = createCheckActivities(deps);
  const payoutId = randomUUID();
  const calls = [
    () => activities.auditPool({ withEvents: true }),
    async () => activities.adoptWallet(await giveOrder(db, 'wallet.adopt', { vouchedHashes: [] })),
    () => activities.recheckSettled(),
    () => activities.reconcileWallet({ fromOpening: false }),
    async () => activities.releasePayout(await giveOrder(db, 'payout.release', { payoutId })),
    async () =>
      activities.payElsewhere(
        await giveOrder(db, 'payout.paid-elsewhere', { payoutId, txHash: `0x${'ab'.repeat(32)}` }),
      ),
  ];
  for (const call of calls) {
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
    let beats = 0;
    environment.on('heartbeat', () => {
      beats += 1;
    });
    await environment.run(call).catch(() => undefined);
    expect(beats, String(call)).toBeGreaterThan(0);
  }
  const holder = await db.$client.connect();
  await holder.query('BEGIN; LOCK TABLE wallet');
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  let beats = 0;
  environment.on('heartbeat', () => {
    beats += 1;
  });
  const hangs = environment.run(() => activities.reconcileWallet({ fromOpening: false }));
  vi.advanceTimersByTime(5 * 60_000);
  expect(beats).toBeGreaterThan(200);
  vi.advanceTimersByTime(3_600_000);
  const told = beats;
  vi.advanceTimersByTime(3_600_000);
  expect(beats).toBe(told);
  vi.useRealTimers();
  await holder.query('ROLLBACK');
  holder.release();
  await hangs.catch(() => undefined);
  await database.close();
  await chain.stop();
});
