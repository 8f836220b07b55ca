/** Tests, on a real Temporal server, that when one kind of work fills all of its slots, the other kinds still begin. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectTestTemporal, type TestTemporal } from '../../test/harness/temporal.js';
import { laneQueue } from '../../workflows/contract.js';

/** The test starts this many syncs, more than their lane has slots. */
const MANY_SYNCS = 110;
const MANY_BACKFILLS = 12;
const SOON_MS = 15_000;
const poolId = 'north';
let temporal: TestTemporal;
let letGo: () => void = () => undefined;
const parked = new Promise<void>((resolve) => {
  letGo = resolve;
});
const begun = { syncs: 0, backfills: 0 };

beforeAll(async () => {
  temporal = await connectTestTemporal();
  await temporal.startWorker({
    syncSource: async () => {
      begun.syncs += 1;
      await parked;
      return {};
    },
    backfillSource: async () => {
      begun.backfills += 1;
      await parked;
      return { events: 0, fresh: 0, duplicates: 0, setAside: 0 };
    },
    retrySetAside: async () => ({ applied: true, outcomes: {} }),
    adjustPayee: async () => ({ applied: true, words: 'done' }),
    lookAtSources: async () => ({ sources: 1, open: 0, findings: [] }),
    reconcileWallet: async () => ({ ok: true, fromBlock: 1, toBlock: 2, findings: [] }),
    archiveEvents: async () => ({ archived: [], compactedPostings: 0, waiting: null }),
    auditPool: async () => ({ ok: true, findings: [] }),
    sendPayout: async () => ({ kind: 'closed', state: 'paid', txHash: null }),
  });
});
afterAll(async () => {
  letGo();
  await temporal.close();
});

const start = (type: string, input: object = {}, taskQueue = temporal.taskQueue) =>
  temporal.client.workflow.start(type, {
    taskQueue,
    workflowId: `${poolId}/${type}/${randomUUID()}`,
    args: [{ poolId, ...input }],
  });

it('lets orders, the sentinel, sagas and what comes on a schedule end while all slots of syncing and backfills are taken', async () => {
  const parking = [
    ...Array.from({ length: MANY_SYNCS }, () => start('sync', { sourceId: 'one' })),
    ...Array.from({ length: MANY_BACKFILLS }, () => start('backfill', { orderId: 'one' })),
  ];
  const handles = await Promise.all(parking);
  await expect.poll(() => begun, { timeout: 60_000 }).toEqual({ syncs: 100, backfills: 10 });
  const payoutId = randomUUID();
  const startedMs = Date.now();
  const others = await Promise.all([
    start('adjustPayee', { orderId: 'two' }),
    start('retrySetAside', { orderId: 'three' }),
    start('sentinel'),
    start('reconcile', { fromOpening: false }),
    start('archiveEvents'),
    start('audit', { withEvents: true }),
    start('audit', { withEvents: false }),
    start('payout', { payoutId }, laneQueue(temporal.taskQueue, 'payouts')),
  ]);
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error('something waits behind what fills its slots')), SOON_MS);
  });
  await Promise.race([Promise.all(others.map((handle) => handle.result())), late]);
  expect(Date.now() - startedMs).toBeLessThan(SOON_MS);
  expect(begun).toEqual({ syncs: 100, backfills: 10 });
  letGo();
  await Promise.all(handles.map((handle) => handle.result()));
  late.catch(() => undefined);
}, 120_000);
