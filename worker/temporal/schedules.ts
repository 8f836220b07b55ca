/**
 * The schedules: which workflows start by themselves, and when. Each start of a worker creates or updates them from the
 * configuration.
 */
import {
  type ScheduleClient,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { Config } from '../../config/config.js';
import type { Log } from '../../start/log.js';
import {
  poolIdKey,
  type SingleWorkflow,
  singleWorkflowId,
  syncWorkflowId,
  taskQueueOf,
} from '../../workflows/contract.js';

const SWEEP_INTERVAL_MS = 60_000;
const AUDIT_INTERVAL_MS = 3_600_000;
const RECHECK_INTERVAL_MS = 60_000;
const RECONCILE_INTERVAL_MS = 6 * 3_600_000;
const SENTINEL_INTERVAL_MS = 60_000;
const ARCHIVE_INTERVAL_MS = 6 * 3_600_000;
/** The shortest catch-up window, in ms, that Temporal's server accepts. */
const LEAST_CATCHUP_MS = 10_000;
const LONGEST_CATCHUP_MS = 3_600_000;
/** The note on a pause that the configuration made. Only a pause with this note is ended by the configuration. */
const DISABLED_NOTE = 'pool.payoutsEnabled is false';

export interface PoolSettings extends Pick<Config, 'pool' | 'sources'> {
  readonly poolId: string;
}

interface Recurring {
  readonly scheduleId: string;
  readonly workflowType:
    | 'sync'
    | 'payoutRound'
    | 'sweep'
    | 'audit'
    | 'recheck'
    | 'reconcile'
    | 'sentinel'
    | 'archiveEvents';
  readonly workflowId: string;
  readonly args: readonly unknown[];
  readonly everyMs: number;
  readonly summary: string;
  readonly isDisabled?: boolean;
}

/** Creates or updates the schedules from the configuration. A schedule that an operator paused stays paused. */
export async function applySchedules(
  client: ScheduleClient,
  settings: PoolSettings,
): Promise<void> {
  const wanted = recurring(settings);
  for (const one of wanted) await applySchedule(client, settings.poolId, one);
}

/** Whether Temporal has all schedules of the pool and of the sources in this configuration. */
export async function areSchedulesThere(
  client: ScheduleClient,
  settings: PoolSettings,
): Promise<boolean> {
  try {
    for (const { scheduleId } of recurring(settings)) await client.getHandle(scheduleId).describe();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

/** Triggers the recheck, the sweep and the audit at once: after a restart they cannot wait for their schedules. */
export async function triggerStartChecks(client: ScheduleClient, poolId: string): Promise<void> {
  for (const name of ['recheck', 'sweep', 'audit'] as const) {
    await client.getHandle(singleWorkflowId(poolId, name)).trigger(ScheduleOverlapPolicy.SKIP);
  }
}

function recurring({ poolId, pool, sources }: PoolSettings): readonly Recurring[] {
  const single = (name: SingleWorkflow) => ({
    scheduleId: singleWorkflowId(poolId, name),
    workflowId: singleWorkflowId(poolId, name),
  });
  return [
    ...sources.map(
      (source): Recurring => ({
        scheduleId: syncWorkflowId(poolId, source.id),
        workflowType: 'sync',
        workflowId: syncWorkflowId(poolId, source.id),
        args: [{ poolId, sourceId: source.id }],
        everyMs: source.syncIntervalMs,
        summary: `Fetches and credits new events of ${source.id}`,
      }),
    ),
    {
      ...single('payout-round'),
      workflowType: 'payoutRound',
      args: [{ poolId }],
      everyMs: pool.payoutIntervalMs,
      summary: 'Reserves payouts for the payees that are due and starts their sagas',
      isDisabled: !pool.payoutsEnabled,
    },
    {
      ...single('sweep'),
      workflowType: 'sweep',
      args: [{ poolId }],
      everyMs: SWEEP_INTERVAL_MS,
      summary: 'Starts a saga for every open payout that has none',
    },
    {
      ...single('audit'),
      workflowType: 'audit',
      args: [{ poolId, withEvents: false }],
      everyMs: AUDIT_INTERVAL_MS,
      summary: 'Holds the ledger against its invariants and the chain',
    },
    {
      ...single('recheck'),
      workflowType: 'recheck',
      args: [{ poolId }],
      everyMs: RECHECK_INTERVAL_MS,
      summary: 'Looks again at paid transfers until they are final',
    },
    {
      ...single('reconcile'),
      workflowType: 'reconcile',
      args: [{ poolId, fromOpening: false }],
      everyMs: RECONCILE_INTERVAL_MS,
      summary: 'Holds the chain against the ledger, to the wei',
    },
    {
      ...single('sentinel'),
      workflowType: 'sentinel',
      args: [{ poolId }],
      everyMs: SENTINEL_INTERVAL_MS,
      summary: 'Looks at what comes in and keeps what looks wrong',
    },
    {
      ...single('archive'),
      workflowType: 'archiveEvents',
      args: [{ poolId }],
      everyMs: ARCHIVE_INTERVAL_MS,
      summary:
        'Makes partitions ahead and puts old postings together; writes old raw events to files where the configuration says so',
    },
  ];
}

async function applySchedule(
  client: ScheduleClient,
  poolId: string,
  one: Recurring,
): Promise<void> {
  const options = scheduleOptions(poolId, one);
  const tags = tagsOf(poolId);
  try {
    await client.getHandle(one.scheduleId).update((previous) => ({
      ...options,
      state: pauseState(one, previous.state),
    }));
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    const handle = await client.create({
      ...options,
      ...tags,
      scheduleId: one.scheduleId,
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
      workflowId: one.workflowId,
      taskQueue: taskQueueOf(poolId),
      ...tagsOf(poolId),
      args: [...one.args],
      staticSummary: one.summary,
    },
    policies: {
      overlap: ScheduleOverlapPolicy.SKIP,
      catchupWindow: catchupMs,
      pauseOnFailure: false,
    },
  } satisfies Omit<ScheduleOptions, 'scheduleId'>;
}

interface PauseState {
  readonly paused: boolean;
  readonly note?: string | undefined;
}

function pauseState(one: Recurring, previous: PauseState): { paused: boolean; note?: string } {
  if (one.isDisabled === true && !previous.paused) return { paused: true, note: DISABLED_NOTE };
  const isOurs = previous.paused && previous.note === DISABLED_NOTE;
  if (isOurs && one.isDisabled !== true) return { paused: false };
  const { paused, note } = previous;
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
