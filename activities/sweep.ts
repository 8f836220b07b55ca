/** The sweep: every open payout must have a running saga, no saga may outlive its payout, and none may stay stuck. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { foreignText } from '../core/base/foreign-text.js';
import type { Database } from '../core/db/database.js';
import { SagasRefused } from '../core/payouts/settling/settler.js';
import type { OpenPayoutRow } from '../core/payouts/store/payout-progress.js';
import type { StuckSaga, SweepReport } from '../core/sentinel/rules/report.js';
import { recordStuckSagas } from '../core/sentinel/store/stuck-sagas.js';
import {
  createSuspectRounds,
  judgeRunning,
  payoutsWithoutSaga,
  type SuspectRounds,
  stuckFailure,
} from '../core/sentinel/sweeping.js';
import { payoutWorkflowId } from '../workflows/contract.js';
import { type SagaDeps, startSagas, tellSagas } from './sagas.js';

interface SweepDeps extends SagaDeps {
  readonly db: Database;
  /** Where the last sweep stopped among the suspects. @default each kind begins at its first payout */
  readonly rounds?: SuspectRounds;
  readonly onStuckSaga?: (saga: StuckSaga) => void;
}

/** To find a saga's last failure we read this many events from the end of its history. */
const LAST_EVENTS = 10;

/**
 * Compares the open payouts with the sagas that run. It starts missing sagas, signals those whose payouts have ended,
 * and terminates and restarts those that are stuck.
 */
export async function sweepSagas(
  deps: SweepDeps,
  onProgress: (words: string) => void = () => undefined,
): Promise<SweepReport> {
  const running = await runningSagas(deps);
  const { open, missing } = await payoutsWithoutSaga(deps.db, running);
  const refused: SagasRefused[] = [];
  const going = { onRefused: (error: SagasRefused) => refused.push(error) };
  await goingOn(
    going,
    startSagas(deps, missing, (words) => onProgress(`${words} started`)),
  );
  const { rounds = createSuspectRounds(), poolId } = deps;
  const payoutIdOf = (workflowId: string) => payoutOf(poolId, workflowId);
  const { ended, suspects } = await judgeRunning(deps.db, running, { rounds, payoutIdOf });
  await goingOn(going, tellSagas(deps, ended));
  const stuck = await findStuck(deps, suspects);
  const workflowIdOf = (payoutId: string) => payoutWorkflowId(poolId, payoutId);
  await recordStuckSagas(deps.db, stuck, {
    checked: suspects.map(workflowIdOf),
    running: [...running].map(workflowIdOf),
  });
  for (const saga of stuck) {
    deps.onStuckSaga?.(saga);
    await goingOn(going, startAnew(deps, saga, open));
  }
  // Throws only now, after everything that Temporal did accept.
  const [first] = refused;
  if (first !== undefined) {
    const words = refused.map(({ message }) => message).join('\n');
    const payoutIds = refused.flatMap((one) => one.payoutIds);
    throw new SagasRefused(words, payoutIds, first.cause);
  }
  return { started: missing.length, told: ended.length, stuck };
}

async function goingOn(
  { onRefused }: { readonly onRefused: (error: SagasRefused) => void },
  calls: Promise<void>,
): Promise<void> {
  try {
    await calls;
  } catch (error) {
    if (!(error instanceof SagasRefused)) throw error;
    onRefused(error);
  }
}

/** The id of the payout that this workflow is the saga of; undefined when it is no saga of this pool. */
function payoutOf(poolId: string, workflowId: string): string | undefined {
  const prefix = payoutWorkflowId(poolId, '');
  return workflowId.startsWith(prefix) ? workflowId.slice(prefix.length) : undefined;
}

/**
 * The ids of the payouts whose sagas run. Temporal's list may be a moment old, which is harmless: starting a saga that
 * runs already changes nothing.
 */
async function runningSagas({ client, poolId }: SagaDeps): Promise<ReadonlySet<string>> {
  const query = `WorkflowType = "payout" AND ExecutionStatus = "Running" AND PoolId = "${poolId}"`;
  const payoutIds = new Set<string>();
  for await (const { workflowId } of client.workflow.list({ query, pageSize: 1_000 })) {
    const payoutId = payoutOf(poolId, workflowId);
    if (payoutId !== undefined) payoutIds.add(payoutId);
  }
  return payoutIds;
}

async function findStuck(
  deps: SagaDeps,
  payoutIds: readonly string[],
): Promise<readonly StuckSaga[]> {
  const stuck: StuckSaga[] = [];
  for (const payoutId of payoutIds) {
    const workflowId = payoutWorkflowId(deps.poolId, payoutId);
    const failure = await failureOf(deps, workflowId);
    if (failure !== undefined) stuck.push({ payoutId, workflowId, failure });
  }
  return stuck;
}

/** The failure that the saga is stuck on; undefined when it is not stuck. */
async function failureOf(deps: SagaDeps, workflowId: string): Promise<string | undefined> {
  let attempt: number;
  try {
    const { raw } = await deps.client.workflow.getHandle(workflowId).describe();
    attempt = raw.pendingWorkflowTask?.attempt ?? 0;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
  return stuckFailure(attempt, () => lastFailure(deps, workflowId));
}

/**
 * Reads why the current workflow task fails. The history has only the first of several failures in a row; a failure
 * before the last completed task no longer matters.
 */
async function lastFailure({ client }: SagaDeps, workflowId: string): Promise<string | undefined> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: LAST_EVENTS,
  });
  for (const event of history?.events ?? []) {
    if (event.workflowTaskCompletedEventAttributes) return undefined;
    const failure = event.workflowTaskFailedEventAttributes?.failure?.message;
    if (failure) return foreignText(failure);
  }
  return undefined;
}

/**
 * Terminates a stuck saga and starts a new one. That is always safe: Postgres holds the payout's state, and the settler
 * goes on without the saga.
 */
async function startAnew(
  deps: SweepDeps,
  { payoutId, workflowId, failure }: StuckSaga,
  open: readonly OpenPayoutRow[],
): Promise<void> {
  try {
    await deps.client.workflow.getHandle(workflowId).terminate(`stuck: ${failure}`);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  await startSagas(
    deps,
    open.filter((payout) => payout.payoutId === payoutId),
  );
}
