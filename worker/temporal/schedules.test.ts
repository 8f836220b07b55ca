import { ScheduleOverlapPolicy } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Config } from '../../config/config.js';
import { PLAIN_TERMS } from '../../core/policies/rules/pool-terms.js';
import { waitUntil } from '../../dev/kit/process.js';
import { createLog } from '../../start/log.js';
import { createTestNamespace, type TestNamespace } from '../../test/harness/namespace.js';
import { TEST_GUARD } from '../../test/kit/test-pool.js';
import { poolIdKey, singleWorkflowId, syncWorkflowId } from '../../workflows/contract.js';
import { registerSearchAttributes } from './register-search-attributes.js';
import { applySchedules, deleteRemovedSources, triggerStartChecks } from './schedules.js';

const POOL_ID = 'north';
const ROUND = singleWorkflowId(POOL_ID, 'payout-round');

describe('the schedules', () => {
  let temporal: TestNamespace;
  beforeEach(async () => {
    temporal = await createTestNamespace();
    await registerSearchAttributes({ ...temporal, address: 'the test server', log });
  });
  afterEach(() => temporal.close());

  const log = createLog({ level: 'error' });
  const settings = (ids: readonly string[], pool: Partial<Config['pool']> = {}) => ({
    poolId: POOL_ID,
    pool: { ...POOL, ...pool },
    sources: ids.map((id) => ({ ...SOURCE, id })),
    notices: { publicUrl: null, giveUpAfterMs: 1, targets: [] },
    shadow: null,
    guard: TEST_GUARD,
    revenue: { recipients: [], ticketBroker: null },
  });
  const apply = (ids: readonly string[], pool: Partial<Config['pool']> = {}) =>
    applySchedules(temporal.client.schedule, settings(ids, pool));
  const describeSchedule = (id: string) => temporal.client.schedule.getHandle(id).describe();
  const listed = async () => {
    const ids: string[] = [];
    for await (const { scheduleId } of temporal.client.schedule.list()) ids.push(scheduleId);
    return ids.sort();
  };
  // Temporal lists schedules from its visibility store, which lags a moment behind.
  const untilListed = (ids: readonly string[]) =>
    waitUntil({
      what: `schedules ${ids.join(', ')}`,
      timeoutMs: 20_000,
      intervalMs: 50,
      ready: async () => JSON.stringify(await listed()) === JSON.stringify(ids),
    });

  it('are one per source and those of the pool, with overlap and catch-up spelled out', async () => {
    await apply(['one', 'two']);
    await untilListed([...ofNorth, 'north/sync/one', 'north/sync/two']);
    const sync = await describeSchedule(syncWorkflowId(POOL_ID, 'one'));
    expect(sync.action).toMatchObject({
      workflowType: 'sync',
      taskQueue: 'openpool/north',
      args: [{ poolId: 'north', sourceId: 'one' }],
    });
    expect(sync.spec.intervals?.[0]?.every).toBe(15_000);
    expect(sync.policies).toMatchObject({
      overlap: ScheduleOverlapPolicy.SKIP,
      catchupWindow: 15_000,
    });
    const round = await describeSchedule(ROUND);
    expect(round.policies.catchupWindow).toBe(3_600_000);
  });

  it('run the first pass of a new source once and at once, and none beside it when its turn comes', async () => {
    const { client } = temporal;
    const runs = async (sourceId: string) => {
      const found: string[] = [];
      const id = syncWorkflowId(POOL_ID, sourceId);
      const query = `WorkflowType = "sync" AND WorkflowId STARTS_WITH "${id}-"`;
      for await (const { runId } of client.workflow.list({ query })) found.push(runId);
      return found.length;
    };
    const slow = settings(['slow']).sources.map((one) => ({ ...one, syncIntervalMs: 86_400_000 }));
    const quick = settings(['quick']).sources.map((one) => ({ ...one, syncIntervalMs: 1_000 }));
    const all = { ...settings([]), sources: [...slow, ...quick] };
    await applySchedules(client.schedule, all);
    await expect.poll(() => runs('slow'), { timeout: 20_000 }).toBe(1);
    // No worker polls, so the first syncs stay open while the interval passes several times.
    await expect
      .poll(
        async () => {
          const { info } = await describeSchedule(syncWorkflowId(POOL_ID, 'quick'));
          return info.numActionsSkippedOverlap;
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(2);
    expect([await runs('slow'), await runs('quick')]).toEqual([1, 1]);
    // A restart does not trigger a sync of a source whose schedule exists already.
    await applySchedules(client.schedule, all);
    expect((await describeSchedule(syncWorkflowId(POOL_ID, 'slow'))).info.numActionsTaken).toBe(1);
  });

  it('follow a changed interval and keep what an operator paused', async () => {
    await apply(['one']);
    await temporal.client.schedule.getHandle(ROUND).pause('the accounts are checked');
    await apply(['one'], { payoutIntervalMs: 60_000 });
    const round = await describeSchedule(ROUND);
    expect(round.spec.intervals?.[0]?.every).toBe(60_000);
    expect(round.state).toMatchObject({ paused: true, note: 'the accounts are checked' });
  });

  it('are deleted for a source that no running worker has, and never for another pool', async () => {
    await apply(['one', 'two']);
    const { schedule } = temporal.client;
    await applySchedules(schedule, { ...settings(['one', 'two']), poolId: 'south' });
    const south = [...OF_THE_POOL, 'sync/one', 'sync/two'].map((id) => `south/${id}`);
    await untilListed([...ofNorth, 'north/sync/one', 'north/sync/two', ...south.sort()]);
    await deleteRemovedSources(schedule, POOL_ID, (id) => id === 'two', log);
    await untilListed([...ofNorth, 'north/sync/two', ...south.sort()]);
  });

  it('carry the pool’s id, so that they can be told apart in the UI', async () => {
    await apply(['one']);
    const { typedSearchAttributes, memo } = await describeSchedule(ROUND);
    expect(typedSearchAttributes.get(poolIdKey)).toBe(POOL_ID);
    expect(memo).toEqual({ pool: POOL_ID });
  });

  it('pause payout rounds while the configuration switches payouts off, and no longer', async () => {
    await apply(['one'], { payoutsEnabled: false });
    expect((await describeSchedule(ROUND)).state.paused).toBe(true);
    expect((await describeSchedule(syncWorkflowId(POOL_ID, 'one'))).state.paused).toBe(false);
    await apply(['one'], { payoutsEnabled: true });
    expect((await describeSchedule(ROUND)).state.paused).toBe(false);
  });

  it('do not let the configuration end an operator’s pause', async () => {
    await apply(['one']);
    await temporal.client.schedule.getHandle(ROUND).pause('mine');
    await apply(['one'], { payoutsEnabled: false });
    await apply(['one'], { payoutsEnabled: true });
    expect((await describeSchedule(ROUND)).state).toMatchObject({ note: 'mine' });
  });

  it('start a sweep at once when a worker starts', async () => {
    await apply(['one']);
    await triggerStartChecks(temporal.client.schedule, POOL_ID);
    await waitUntil({
      what: 'a sweep',
      timeoutMs: 20_000,
      intervalMs: 50,
      ready: async () =>
        (await describeSchedule(singleWorkflowId(POOL_ID, 'sweep'))).info.numActionsTaken > 0,
    });
  });
});

const OF_THE_POOL = [
  'archive',
  'audit',
  'guard',
  'notices',
  'payout-round',
  'policies',
  'recheck',
  'reconcile',
  'revenue',
  'sentinel',
  'sweep',
];

const ofNorth = OF_THE_POOL.map((name) => `${POOL_ID}/${name}`);

const POOL: Config['pool'] = {
  id: null,
  name: 'test',
  region: 'eu',
  commissionBps: 2_500,
  payoutThresholdWei: 1n,
  minPayoutIntervalMs: 0,
  rounding: 'commission-floor',
  termsFrom: null,
  payoutIntervalMs: 14_400_000,
  syncIntervalMs: 15_000,
  jobMatchWindowMs: 3_600_000,
  payoutsEnabled: true,
  maxPayoutWei: 1n,
  maxPaidPerDayWei: 1n,
  maxOrderedPerDayWei: 1n,
  maxGasShareBps: 1_000,
  maxJobFeeWei: 1n,
  terms: PLAIN_TERMS,
  policy: null,
  look: null,
};

const SOURCE: Config['sources'][number] = {
  id: 'one',
  kind: 'orchestrator-http',
  module: null,
  baseDir: '/',
  region: 'eu',
  nodeType: 'ai',
  from: null,
  syncIntervalMs: 15_000,
  options: {},
};
