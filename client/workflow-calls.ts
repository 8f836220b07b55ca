/**
 * Starts workflows and waits for them. Every call has a time limit, and there are separate error codes for a Temporal
 * and for a worker that does not answer.
 */
import { setTimeout } from 'node:timers/promises';
import {
  type Client,
  Connection,
  defaultGrpcRetryOptions,
  isGrpcServiceError,
  makeGrpcRetryInterceptor,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import type { Config } from '../config/config.js';
import { causesOf } from '../core/base/causes.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText } from '../core/base/foreign-text.js';
import { payoutWorkflowId, pokeSignal, poolIdKey, taskQueueOf } from '../workflows/contract.js';
import type { RunningPool } from './running-pool.js';

const START_TIMEOUT_MS = 5_000;
const PING_TIMEOUT_MS = 2_000;
const LOOK_EVERY_MS = 1_000;
/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const GRPC_DEADLINE_EXCEEDED = 4;
const GRPC_UNAVAILABLE = 14;
/** https://github.com/temporalio/api: PendingActivityState */
const PENDING_ACTIVITY_STARTED = 2;

/**
 * Makes a connection that connects at its first call. Because a person waits for the answer, an absent server is
 * reported within a second instead of the SDK's ten, and no retry keeps a process from stopping.
 */
export function openTemporal(temporal: Config['temporal']): Connection {
  const retry = defaultGrpcRetryOptions({ maxAttempts: 3, initialIntervalMs: () => 50 });
  const interceptors = [makeGrpcRetryInterceptor(retry)];
  return Connection.lazy({ ...temporal.connection, interceptors });
}

/** Throws TEMPORAL_UNREACHABLE when Temporal does not answer. */
export async function pingTemporal({ client }: RunningPool): Promise<void> {
  await reachTemporal(client, PING_TIMEOUT_MS, () => client.workflowService.getSystemInfo({}));
}

/** Tells a payout's saga to read its payout again now. A failure is ignored: the saga reads it later by itself. */
export async function pokeSaga({ client, poolId }: RunningPool, payoutId: string): Promise<void> {
  const handle = client.workflow.getHandle(payoutWorkflowId(poolId, payoutId));
  const poke = () => handle.signal(pokeSignal);
  await client.withDeadline(Date.now() + PING_TIMEOUT_MS, poke).catch(() => undefined);
}

export interface WorkflowCall<Input> {
  readonly type: string;
  readonly workflowId: string;
  readonly input: Input;
  /** A line about the workflow in Temporal's UI. */
  readonly summary: string;
  readonly memo?: Readonly<Record<string, string>>;
  /** What to do when a workflow with this id is running already. @default 'refuse' */
  readonly ifRunning?: 'join' | 'refuse';
  /** The time limit for the whole workflow, retries included; null for none. @default '1 day' */
  readonly longest?: string | null;
}

type Run<Input, Report> = (input: Input) => Promise<Report>;

/** Starts a workflow. Throws TEMPORAL_UNREACHABLE, or REPAIR_RUNNING when one runs already that is not to be joined. */
export async function startWorkflow<Input, Report>(
  { client, poolId, taskQueue }: RunningPool,
  call: WorkflowCall<Input>,
): Promise<WorkflowHandleWithFirstExecutionRunId<Run<Input, Report>>> {
  const { type, workflowId, input, summary, memo, ifRunning = 'refuse', longest = '1 day' } = call;
  try {
    return await reachTemporal(client, START_TIMEOUT_MS, () =>
      client.workflow.start<Run<Input, Report>>(type, {
        workflowId,
        args: [input],
        taskQueue: taskQueue ?? taskQueueOf(poolId),
        memo: { pool: poolId, ...memo },
        typedSearchAttributes: [{ key: poolIdKey, value: poolId }],
        staticSummary: summary,
        workflowIdConflictPolicy: ifRunning === 'join' ? 'USE_EXISTING' : 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        ...(longest === null ? {} : { workflowExecutionTimeout: longest }),
      }),
    );
  } catch (cause) {
    if (!(cause instanceof WorkflowExecutionAlreadyStartedError)) throw cause;
    throw new PoolError('REPAIR_RUNNING', `${workflowId} runs already.`, {}, { cause });
  }
}

/** The progress of a running workflow, which has one activity. */
export interface Progress {
  /** The content of the activity's latest heartbeat; null before the first. */
  readonly told: unknown;
  /** The number of the attempt that runs or comes next; 0 while there is no activity. */
  readonly attempt: number;
  readonly isRunning: boolean;
  /** Why the previous attempt failed. */
  readonly lastFailure: string | null;
}

/** How long to wait for a workflow; without any of these, until it ends. */
export interface Patience {
  readonly totalMs?: number;
  /** How many ms a worker may take to begin; works only together with `onLook`. */
  readonly takeUpMs?: number;
  /** Aborted when the person leaves; works only together with `onLook`. */
  readonly leaving?: AbortSignal;
  /** Called every second with the work's progress. */
  readonly onLook?: (progress: Progress) => void;
}

/**
 * Waits for a workflow's result, and throws the error that it failed with. Returns undefined when the result is not
 * known yet: time ran out, the person left, or Temporal does not answer; the workflow goes on. Throws WORKER_SILENT
 * when no worker begins in time.
 */
export async function awaitReport<Input, Report>(
  { client }: RunningPool,
  handle: WorkflowHandle<Run<Input, Report>>,
  patience: Patience,
): Promise<Report | undefined> {
  const { totalMs, onLook } = patience;
  const time = totalMs === undefined ? undefined : AbortSignal.timeout(totalMs);
  const over = new AbortController();
  // No time limit, no abort signal: each of the many polls of a long wait would add a listener to it.
  const ending: Promise<Report> =
    time === undefined ? handle.result() : client.withAbortSignal(time, () => handle.result());
  try {
    if (onLook === undefined) return await ending;
    return await Promise.race([ending, watch(handle, onLook, { ...patience, over: over.signal })]);
  } catch (error) {
    if (time?.aborted === true || isUnreachable(error)) return undefined;
    throw error;
  } finally {
    over.abort();
  }
}

/** Waits like `awaitReport`, but throws WORKER_SILENT instead of returning undefined. */
export async function requireReport<Input, Report>(
  pool: RunningPool,
  handle: WorkflowHandle<Run<Input, Report>>,
  patience: Patience,
): Promise<Report> {
  const report = await awaitReport(pool, handle, patience);
  if (report === undefined) throw workerSilent(handle.workflowId);
  return report;
}

const silent = (words: string): PoolError => new PoolError('WORKER_SILENT', words);

export const workerSilent = (workflowId: string): PoolError =>
  silent(`No worker has ended it in time; it goes on by itself as ${workflowId}.`);

/** Reports the workflow's progress every second; resolves when the person leaves or the wait is over. */
async function watch(
  handle: WorkflowHandle,
  onLook: (progress: Progress) => void,
  { leaving, takeUpMs, over }: Patience & { readonly over: AbortSignal },
): Promise<undefined> {
  const signal = leaving === undefined ? over : AbortSignal.any([over, leaving]);
  const startedMs = performance.now();
  let hasBegun = false;
  while (!signal.aborted) {
    // Temporal may fail to answer this while the work goes on.
    const seen = await handle.describe().catch(() => undefined);
    const isRunning = seen?.status.name === 'RUNNING';
    hasBegun ||= seen !== undefined && (!isRunning || activityOf(seen)?.lastStartedTime != null);
    if (!hasBegun && takeUpMs !== undefined && performance.now() - startedMs > takeUpMs) {
      throw silent(`No worker has taken it up; it waits as ${handle.workflowId}.`);
    }
    if (isRunning && !signal.aborted) onLook(progressOf(handle, seen));
    await setTimeout(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

const activityOf = ({ raw }: WorkflowExecutionDescription) => raw.pendingActivities?.[0];

function progressOf({ client }: WorkflowHandle, seen: WorkflowExecutionDescription): Progress {
  const activity = activityOf(seen);
  const heartbeat = activity?.heartbeatDetails?.payloads?.[0];
  const { payloadConverter } = client.options.loadedDataConverter;
  return {
    told: heartbeat == null ? null : payloadConverter.fromPayload(heartbeat),
    attempt: activity == null ? 0 : (activity.attempt ?? 1),
    isRunning: activity?.state === PENDING_ACTIVITY_STARTED,
    lastFailure: activity?.lastFailure?.message ? foreignText(activity.lastFailure.message) : null,
  };
}

/** Makes the call. Throws TEMPORAL_UNREACHABLE when Temporal does not answer in time, and other errors unchanged. */
async function reachTemporal<Result>(
  client: Client,
  withinMs: number,
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    return await client.withDeadline(Date.now() + withinMs, call);
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    throw new PoolError('TEMPORAL_UNREACHABLE', 'Temporal does not answer.', {}, { cause: error });
  }
}

/** Whether Temporal did not answer, as opposed to answering with an error. */
const isUnreachable = (error: unknown): boolean =>
  [...causesOf(error)].some(
    (cause) =>
      isGrpcServiceError(cause) &&
      (cause.code === GRPC_UNAVAILABLE || cause.code === GRPC_DEADLINE_EXCEEDED),
  );
