/** Which workflows start by themselves, and when. Each start of a worker updates this from the configuration. */
import {
  type ScheduleClient,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
  type ScheduleSummary,
} from '@temporalio/client';
import type { Config } from '../../config/config.js';
import type { Log } from '../../start/log.js';
import {
  type AuditInput,
  type PoolInput,
  poolIdKey,
  type ReconciliationInput,
  type SingleWorkflow,
  type SyncInput,
  singleWorkflowId,
  syncWorkflowId,
  taskQueueOf,
} from '../../workflows/contract.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** How often the policy is asked; what it answers holds from then on, or from a moment that it names beforehand. */
const ASK_MS = 5 * MINUTE_MS;
const REVENUE_MS = 10 * MINUTE_MS;
/** How often it is looked for something to tell. Without configured targets payees may have signed some, and a minute is soon enough. */
const TELL_MS = 10_000;
/** The shortest catch-up window, in ms, that Temporal's server accepts. */
const LEAST_CATCHUP_MS = 10_000;
const LONGEST_CATCHUP_MS = HOUR_MS;
/** The note on a pause that the configuration made. Only a pause with this note is ended by the configuration. */
const DISABLED_NOTE = 'pool.payoutsEnabled is false';

export interface PoolSettings
  extends Pick<Config, 'pool' | 'sources' | 'notices' | 'guard' | 'shadow' | 'revenue'> {
  readonly poolId: string;
}

/** A schedule, which has the same id as the workflow that it starts. */
interface Recurring {
  readonly id: string;
  readonly workflowType: keyof typeof import('../../workflows/index.js');
  readonly args: PoolInput | SyncInput | AuditInput | ReconciliationInput;
  readonly everyMs: number;
  readonly summary: string;
  readonly isDisabled?: boolean;
}

/** Creates or updates the schedules from the configuration. A schedule that an operator paused stays paused. */
export async function applySchedules(
  client: ScheduleClient,
  settings: PoolSettings,
): Promise<void> {
  for (const one of recurring(settings)) await applySchedule(client, settings.poolId, one);
}

/** Whether Temporal has all schedules of the pool and of the sources in this configuration. */
export async function areSchedulesThere(
  client: ScheduleClient,
  settings: PoolSettings,
): Promise<boolean> {
  for (const { id } of recurring(settings)) {
    if (!(await isScheduleThere(client, id))) return false;
  }
  return true;
}

async function isScheduleThere(client: ScheduleClient, id: string): Promise<boolean> {
  try {
    await client.getHandle(id).describe();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

/**
 * Looks at every schedule that the pool needs, and changes nothing. It reads Temporal's list, because describing a
 * schedule takes five seconds now and then. The list is a moment behind: what it does not have is asked for by its id.
 */
export async function surveySchedules(client: ScheduleClient, settings: PoolSettings) {
  const listed = new Map<string, ScheduleSummary>();
  for await (const one of client.list()) listed.set(one.scheduleId, one);
  return Promise.all(
    recurring(settings).map(async ({ id, everyMs, isDisabled = false }) => {
      const summary = listed.get(id) ?? null;
      const isThere = summary !== null || (await isScheduleThere(client, id));
      /** `isDisabled`: the configuration wants it paused. */
      return { id, everyMs, isDisabled, isThere, summary };
    }),
  );
}

/** Triggers these at once: after a restart they cannot wait for their schedules. */
export async function triggerStartChecks(client: ScheduleClient, poolId: string): Promise<void> {
  for (const name of ['recheck', 'sweep', 'audit', 'policies'] as const) {
    await client.getHandle(singleWorkflowId(poolId, name)).trigger(ScheduleOverlapPolicy.SKIP);
  }
}

/** Has the policy asked at once. An asking that runs already may have begun before what is to be asked about: one more follows it. */
export async function triggerAsking(client: ScheduleClient, poolId: string): Promise<void> {
  const handle = client.getHandle(singleWorkflowId(poolId, 'policies'));
  await handle.trigger(ScheduleOverlapPolicy.BUFFER_ONE);
}

function recurring({
  poolId,
  pool,
  sources,
  notices,
  guard,
  shadow,
  revenue,
}: PoolSettings): readonly Recurring[] {
  const single = (
    name: SingleWorkflow,
    workflowType: Recurring['workflowType'],
    everyMs: number,
    summary: string,
  ) => ({ id: singleWorkflowId(poolId, name), workflowType, args: { poolId }, everyMs, summary });
  const syncs = sources.map(
    ({ id: sourceId, syncIntervalMs }): Recurring => ({
      id: syncWorkflowId(poolId, sourceId),
      workflowType: 'sync',
      args: { poolId, sourceId },
      everyMs: syncIntervalMs,
      summary: `Fetches and credits new events of ${sourceId}`,
    }),
  );
  const round = 'Reserves payouts for the payees that are due and starts their sagas';
  const audit = 'Holds the ledger against its invariants and the chain';
  const reconcile = 'Holds the chain against the ledger, to the wei';
  const archive =
    'Makes partitions ahead and puts old postings together; writes old raw events to files where the configuration says so';
  const judge = 'Judges the remote workers by how their jobs went';
  const redeem = 'Asks the chain what tickets brought, and shares it where the pool does so';
  const tell = 'Starts a delivery for each target that has something to be told';
  return [
    ...syncs,
    {
      ...single('payout-round', 'payoutRound', pool.payoutIntervalMs, round),
      isDisabled: !pool.payoutsEnabled || shadow !== null,
    },
    single('sweep', 'sweep', MINUTE_MS, 'Starts a saga for every open payout that has none'),
    ...(shadow === null
      ? []
      : [single('shadow', 'shadow', shadow.everyMs, 'Compares the ledger with the other manager')]),
    {
      ...single('audit', 'audit', HOUR_MS, audit),
      args: { poolId, withEvents: false },
    },
    single('recheck', 'recheck', MINUTE_MS, 'Looks again at paid transfers until they are final'),
    {
      ...single('reconcile', 'reconcile', 6 * HOUR_MS, reconcile),
      args: { poolId, fromOpening: false },
    },
    single('sentinel', 'sentinel', MINUTE_MS, 'Looks at what comes in and keeps what looks wrong'),
    single('guard', 'guard', guard.mode === 'off' ? HOUR_MS : guard.judgeIntervalMs, judge),
    single('archive', 'archiveEvents', 6 * HOUR_MS, archive),
    single('policies', 'policies', ASK_MS, 'Asks the policy about everybody and keeps its answers'),
    single('revenue', 'revenue', revenue.ticketBroker === null ? HOUR_MS : REVENUE_MS, redeem),
    single('notices', 'notices', notices.targets.length > 0 ? TELL_MS : MINUTE_MS, tell),
  ];
}

async function applySchedule(
  client: ScheduleClient,
  poolId: string,
  one: Recurring,
): Promise<void> {
  const options = scheduleOptions(poolId, one);
  try {
    await client.getHandle(one.id).update((previous) => ({
      ...options,
      state: pauseState(one, previous.state),
    }));
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    const handle = await client.create({
      ...options,
      ...tagsOf(poolId),
      scheduleId: one.id,
      state: pauseState(one, { paused: false }),
    });
    // Triggers the first sync of a new source now. `triggerImmediately` would start a second sync next to the
    // schedule's own first one.
    if (one.workflowType === 'sync') await handle.trigger(ScheduleOverlapPolicy.SKIP);
  }
}

const tagsOf = (poolId: string) => ({
  memo: { pool: poolId },
  typedSearchAttributes: [{ key: poolIdKey, value: poolId }],
});

function scheduleOptions(poolId: string, one: Recurring) {
  const catchupMs = Math.min(Math.max(one.everyMs, LEAST_CATCHUP_MS), LONGEST_CATCHUP_MS);
  return {
    spec: { intervals: [{ every: one.everyMs }] },
    action: {
      type: 'startWorkflow',
      workflowType: one.workflowType,
      workflowId: one.id,
      taskQueue: taskQueueOf(poolId),
      ...tagsOf(poolId),
      args: [one.args],
      staticSummary: one.summary,
    },
    policies: {
      overlap: ScheduleOverlapPolicy.SKIP,
      catchupWindow: catchupMs,
      pauseOnFailure: false,
    },
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
}

function pauseState(
  { isDisabled = false }: Recurring,
  { paused, note }: { readonly paused: boolean; readonly note?: string | undefined },
): { paused: boolean; note?: string } {
  if (isDisabled && !paused) return { paused: true, note: DISABLED_NOTE };
  if (!isDisabled && paused && note === DISABLED_NOTE) return { paused: false };
  return note === undefined ? { paused } : { paused, note };
}

/** Deletes this pool's schedules for sources that no running worker has in its configuration. */
export async function deleteRemovedSources(
  client: ScheduleClient,
  poolId: string,
  has: (sourceId: string) => boolean,
  log: Log,
): Promise<void> {
  const prefix = syncWorkflowId(poolId, '');
  for await (const { scheduleId } of client.list()) {
    if (!scheduleId.startsWith(prefix) || has(scheduleId.slice(prefix.length))) continue;
    await client.getHandle(scheduleId).delete();
    log.info({ scheduleId }, 'schedule of a removed source deleted');
  }
}
