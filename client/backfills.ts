/** Backfills: started or joined, and watched while they run. */
import {
  CancelledFailure,
  type Client,
  TerminatedFailure,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { causesOf } from '../core/base/causes.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText } from '../core/base/foreign-text.js';
import type { BackfillProgress, BackfillReport } from '../core/events/rules/sync-reports.js';
import type { BackfillRange } from '../core/orders/rules/order-kinds.js';
import type { OrderInput } from '../workflows/contract.js';
import { backfillWorkflowId } from '../workflows/contract.js';
import type { ApiDeps } from './deps.js';
import { startOrder } from './orders.js';

type BackfillWorkflow = (input: OrderInput) => Promise<BackfillReport>;

export interface BackfillRequest extends BackfillRange {
  readonly sourceId: string;
  readonly actor: string;
  readonly reason: string;
}

export interface StartedBackfill {
  readonly workflowId: string;
  readonly runId: string;
  /** False: the same one ran already, and was joined. */
  readonly created: boolean;
}

/** Starts it, for a source of the configuration. The same request again joins it while it runs; another one of the source is refused. */
export async function startBackfill(
  deps: ApiDeps,
  { sourceId, from, to, actor, reason }: BackfillRequest,
): Promise<StartedBackfill> {
  requireConfigured(deps, sourceId);
  const workflowId = backfillWorkflowId(deps.poolId, sourceId);
  const range = rangeText({ from, to });
  try {
    const { runId } = await startOrder(
      deps,
      {
        ...{ kind: 'source.backfill', subject: sourceId, args: { sourceId, from, to } },
        ...{ dryRun: false, actor, reason },
      },
      { workflowId, memo: { range } },
    );
    return { workflowId, runId, created: true };
  } catch (cause) {
    if (!(cause instanceof WorkflowExecutionAlreadyStartedError)) throw cause;
    return joinRunning(deps.client, { workflowId, range }, cause);
  }
}

function requireConfigured({ config }: ApiDeps, sourceId: string): void {
  const known = config.sources.map(({ id }) => id);
  if (known.includes(sourceId)) return;
  const words = `there is no source "${sourceId}"; configured: ${known.join(', ')}`;
  throw new PoolError('SOURCE_UNKNOWN', words);
}

const rangeText = ({ from, to }: BackfillRange): string =>
  `${from ?? 'beginning'} to ${to ?? 'end'}`;

async function joinRunning(
  client: Client,
  { workflowId, range }: { readonly workflowId: string; readonly range: string },
  cause: Error,
): Promise<StartedBackfill> {
  const { runId, memo } = await client.workflow.getHandle(workflowId).describe();
  if (memo?.['range'] === range) return { workflowId, runId, created: false };
  const words = `${workflowId} runs already, ${String(memo?.['range'])}: wait for its end`;
  throw new PoolError('REPAIR_RUNNING', words, {}, { cause });
}

/** How a running backfill stands. */
export interface BackfillState {
  /** Null before its activity has told anything. */
  readonly progress: BackfillProgress | null;
  /** Which attempt of reading runs or is waited for; 0: no worker has taken it up yet. */
  readonly attempt: number;
  /** Why the attempt before it failed. */
  readonly lastFailure: string | null;
  readonly isReading: boolean;
}

/** Undefined when it has ended. */
export async function readBackfill(
  { client }: ApiDeps,
  started: StartedBackfill,
): Promise<BackfillState | undefined> {
  const { workflowId, runId } = started;
  const description = await client.workflow.getHandle(workflowId, runId).describe();
  if (description.status.name !== 'RUNNING') return undefined;
  return stateOf(client, description);
}

/** https://github.com/temporalio/api: PendingActivityState */
const PENDING_ACTIVITY_STARTED = 2;

async function stateOf(
  client: Client,
  { raw }: WorkflowExecutionDescription,
): Promise<BackfillState> {
  const activity = raw.pendingActivities?.[0];
  if (activity === undefined) {
    return { progress: null, attempt: 0, lastFailure: null, isReading: false };
  }
  const { payloadConverter } = client.options.loadedDataConverter;
  const payload = activity.heartbeatDetails?.payloads?.[0];
  const progress =
    payload === undefined || payload === null
      ? undefined
      : payloadConverter.fromPayload<BackfillProgress | null>(payload);
  return {
    progress: progress ?? null,
    attempt: activity.attempt ?? 1,
    lastFailure: activity.lastFailure?.message ? foreignText(activity.lastFailure.message) : null,
    isReading: activity.state === PENDING_ACTIVITY_STARTED,
  };
}

/** Its end; throws what it failed with, BACKFILL_ENDED_EARLY when somebody ended it. */
export async function awaitBackfill(
  { client }: ApiDeps,
  { workflowId, runId }: StartedBackfill,
): Promise<BackfillReport> {
  try {
    return await client.workflow.getHandle<BackfillWorkflow>(workflowId, runId).result();
  } catch (cause) {
    const wasEnded = [...causesOf(cause)].some(
      (one) => one instanceof CancelledFailure || one instanceof TerminatedFailure,
    );
    if (!wasEnded) throw cause;
    throw new PoolError('BACKFILL_ENDED_EARLY', `${workflowId} was ended`, {}, { cause });
  }
}
