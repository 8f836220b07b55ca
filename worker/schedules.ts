/** What runs by itself, and when. Created and updated at each start from the configuration. */
import {
  type ScheduleClient,
  ScheduleNotFoundError,
  type ScheduleOptions,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { Config } from '../config.js';
import {
  ARCHIVE_SCHEDULE_ID,
  ARCHIVE_WORKFLOW_ID,
  AUDIT_SCHEDULE_ID,
  AUDIT_WORKFLOW_ID,
  RECHECK_SCHEDULE_ID,
  RECHECK_WORKFLOW_ID,
  RECONCILE_SCHEDULE_ID,
  RECONCILE_WORKFLOW_ID,
  ROUND_SCHEDULE_ID,
  ROUND_WORKFLOW_ID,
  SENTINEL_SCHEDULE_ID,
  SENTINEL_WORKFLOW_ID,
  SWEEP_SCHEDULE_ID,
  SWEEP_WORKFLOW_ID,
  syncScheduleId,
  syncWorkflowId,
  TASK_QUEUE,
} from '../workflows/contract.js';
import type { Log } from './log.js';

const SWEEP_INTERVAL_MS = 60_000;
const AUDIT_INTERVAL_MS = 3_600_000;
const RECHECK_INTERVAL_MS = 60_000;
const RECONCILE_INTERVAL_MS = 6 * 3_600_000;
const SENTINEL_INTERVAL_MS = 60_000;
const ARCHIVE_INTERVAL_MS = 6 * 3_600_000;
/** The least that the server takes. */
const LEAST_CATCHUP_MS = 10_000;
const LONGEST_CATCHUP_MS = 3_600_000;
/** Marks a pause as the configuration's, so that the configuration may end it. */
const DISABLED_NOTE = 'pool.payoutsEnabled is false';

type PoolSettings = Pick<Config, 'pool' | 'sources'>;

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

/** Brings the schedules in line with the configuration; what an operator paused stays paused. */
export async function applySchedules(
  client: ScheduleClient,
  settings: PoolSettings,
  log: Log,
): Promise<void> {
  const wanted = recurring(settings);
  for (const one of wanted) await applySchedule(client, one);
  await deleteRemovedSources(client, new Set(wanted.map(({ scheduleId }) => scheduleId)), log);
}

/**
 * Whether Temporal knows the schedules of the pool. Those of sources differ while workers with an old and
 * a new configuration run side by side, and say nothing.
 */
export async function areSchedulesThere(
  client: ScheduleClient,
  settings: PoolSettings,
): Promise<boolean> {
  try {
    for (const { scheduleId, workflowType } of recurring(settings)) {
      if (workflowType !== 'sync') await client.getHandle(scheduleId).describe();
    }
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

/** Starts sagas again for every open payout, and an audit: a restart is when both matter most. */
export async function triggerStartChecks(client: ScheduleClient): Promise<void> {
  for (const scheduleId of [RECHECK_SCHEDULE_ID, SWEEP_SCHEDULE_ID, AUDIT_SCHEDULE_ID]) {
    await client.getHandle(scheduleId).trigger(ScheduleOverlapPolicy.SKIP);
  }
}

function recurring({ pool, sources }: PoolSettings): readonly Recurring[] {
  return [
    ...sources.map(
      (source): Recurring => ({
        scheduleId: syncScheduleId(source.id),
        workflowType: 'sync',
        workflowId: syncWorkflowId(source.id),
        args: [{ sourceId: source.id }],
        everyMs: source.syncIntervalMs,
        summary: `Fetches and credits new events of ${source.id}`,
      }),
    ),
    {
      scheduleId: ROUND_SCHEDULE_ID,
      workflowType: 'payoutRound',
      workflowId: ROUND_WORKFLOW_ID,
      args: [],
      everyMs: pool.payoutIntervalMs,
      summary: 'Reserves payouts for the payees that are due and starts their sagas',
      isDisabled: !pool.payoutsEnabled,
    },
    {
      scheduleId: SWEEP_SCHEDULE_ID,
      workflowType: 'sweep',
      workflowId: SWEEP_WORKFLOW_ID,
      args: [],
      everyMs: SWEEP_INTERVAL_MS,
      summary: 'Starts a saga for every open payout that has none',
    },
    {
      scheduleId: AUDIT_SCHEDULE_ID,
      workflowType: 'audit',
      workflowId: AUDIT_WORKFLOW_ID,
      args: [],
      everyMs: AUDIT_INTERVAL_MS,
      summary: 'Holds the ledger against its invariants and the chain',
    },
    {
      scheduleId: RECHECK_SCHEDULE_ID,
      workflowType: 'recheck',
      workflowId: RECHECK_WORKFLOW_ID,
      args: [],
      everyMs: RECHECK_INTERVAL_MS,
      summary: 'Looks again at paid transfers until they are final',
    },
    {
      scheduleId: RECONCILE_SCHEDULE_ID,
      workflowType: 'reconcile',
      workflowId: RECONCILE_WORKFLOW_ID,
      args: [],
      everyMs: RECONCILE_INTERVAL_MS,
      summary: 'Holds the chain against the ledger, to the wei',
    },
    {
      scheduleId: SENTINEL_SCHEDULE_ID,
      workflowType: 'sentinel',
      workflowId: SENTINEL_WORKFLOW_ID,
      args: [],
      everyMs: SENTINEL_INTERVAL_MS,
      summary: 'Looks at what comes in and keeps what looks wrong',
    },
    {
      scheduleId: ARCHIVE_SCHEDULE_ID,
      workflowType: 'archiveEvents',
      workflowId: ARCHIVE_WORKFLOW_ID,
      args: [],
      everyMs: ARCHIVE_INTERVAL_MS,
      summary:
        'Makes partitions ahead; writes old raw events to files where the configuration says so',
    },
  ];
}

async function applySchedule(client: ScheduleClient, one: Recurring): Promise<void> {
  const options = scheduleOptions(one);
  try {
    await client.getHandle(one.scheduleId).update((previous) => ({
      ...options,
      state: pauseState(one, previous.state),
    }));
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    await client.create({
      ...options,
      scheduleId: one.scheduleId,
      state: {
        ...pauseState(one, { paused: false }),
        // A new source should not wait for its first turn.
        triggerImmediately: one.workflowType === 'sync',
      },
    });
  }
}

function scheduleOptions(one: Recurring) {
  const catchupMs = Math.min(Math.max(one.everyMs, LEAST_CATCHUP_MS), LONGEST_CATCHUP_MS);
  return {
    spec: { intervals: [{ every: one.everyMs }] },
    action: {
      type: 'startWorkflow',
      workflowType: one.workflowType,
      workflowId: one.workflowId,
      taskQueue: TASK_QUEUE,
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

async function deleteRemovedSources(
  client: ScheduleClient,
  wanted: ReadonlySet<string>,
  log: Log,
): Promise<void> {
  for await (const { scheduleId } of client.list()) {
    if (!scheduleId.startsWith(syncScheduleId('')) || wanted.has(scheduleId)) continue;
    await client.getHandle(scheduleId).delete();
    log.info({ scheduleId }, 'schedule of a removed source deleted');
  }
}
