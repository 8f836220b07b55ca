/** A pool that ran with a version without pool ids: its payouts go on, and nothing of it runs twice. */

import { randomUUID } from 'node:crypto';
import type { ScheduleOptions } from '@temporalio/client';
import { expect, inject, it } from 'vitest';
import { startTestOrchestrator } from '../../core/events/sources/testing/test-orchestrator.js';
import { findLedger } from '../../core/ledger/store/identity.js';
import { until } from '../../dev/kit/until.js';
import { startChain } from '../../dev/stack/chain-node.js';
import { createEmptyDatabase } from '../harness/database.js';
import { createTestWallet, recordTestTerms, reserveFor } from '../harness/money.js';
import { createTestNamespace } from '../harness/namespace.js';
import { judge, NOTHING_WRONG } from './verdict.js';
import { startManagerProcess } from './worker-process.js';

const QUEUE = 'openpool';
const AMOUNT_WEI = 6_000_000_000_000_017n;

const scheduled = (scheduleId: string, workflowType: string): ScheduleOptions => ({
  scheduleId,
  spec: { intervals: [{ every: '1 hour' }] },
  action: { type: 'startWorkflow', workflowType, taskQueue: QUEUE },
});

it('the sagas and schedules of a version without pool ids are taken over, their payouts paid once', async () => {
  const [chain, orchestrator, database, space] = await Promise.all([
    startChain({ blockTimeSeconds: 0.1 }),
    startTestOrchestrator(),
    createEmptyDatabase(),
    createTestNamespace(),
  ]);
  const { db } = database;
  const wallet = await createTestWallet(db, chain);
  await recordTestTerms(db);
  const made = await Promise.all(Array.from({ length: 4 }, () => reserveFor(db, AMOUNT_WEI)));
  const { workflow, schedule } = space.client;
  const startOld = (workflowType: string, workflowId: string, input: object) =>
    workflow.start(workflowType, { taskQueue: QUEUE, workflowId, args: [input] });
  const sagas = await Promise.all(
    made.map(({ payoutId }) => startOld('payout', `payout/${payoutId}`, { payoutId })),
  );
  const sync = await startOld('sync', 'sync/one-2026-01-01T00:00:00Z', { sourceId: 'one' });
  const others = await startOld('payout', `payout/${randomUUID()}`, {});
  const SCHEDULES = [
    ['payout-round', 'payoutRound'],
    ['sweep', 'sweep'],
    ['sync/one', 'sync'],
  ] as const;
  for (const [scheduleId, workflowType] of SCHEDULES) {
    await schedule.create(scheduled(scheduleId, workflowType));
  }

  const manager = await startManagerProcess({
    databaseUrl: database.url,
    temporalAddress: inject('temporalAddress'),
    namespace: space.namespace,
    chain,
    keystore: wallet.keystore,
    endpoint: orchestrator.url,
  });
  await manager.says('openpool worker ready');
  // What a worker of that version does that was not stopped.
  await schedule.create(scheduled('sweep', 'sweep'));
  expect(await findLedger(db)).toMatchObject({ isUpgraded: true });
  await until(
    'every payout paid',
    async () => {
      const verdict = await judge(chain, db, wallet.address);
      return JSON.stringify(verdict) === JSON.stringify(NOTHING_WRONG);
    },
    { everyMs: 200 },
  );
  for (const handle of [...sagas, sync]) {
    expect((await handle.describe()).status.name, handle.workflowId).toBe('TERMINATED');
  }
  await manager.says('a worker of an earlier version still runs on this pool');
  // Of a pool that has not been upgraded yet: none of our business.
  expect((await others.describe()).status.name).toBe('RUNNING');
  for (const [scheduleId] of SCHEDULES) {
    const describe = () => schedule.getHandle(scheduleId).describe();
    await expect
      .poll(() => describe().then(String, () => 'gone'), { timeout: 10_000 })
      .toBe('gone');
  }
  await manager.stop();
  await space.close();
  await Promise.all([database.close(), chain.stop(), orchestrator.stop()]);
}, 120_000);
