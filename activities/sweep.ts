/** Sees to it that every open payout has a saga, that no saga runs without need, and that none stays stuck. */
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
  /** How far earlier sweeps came. @default each kind from its start */
  readonly rounds?: SuspectRounds;
  readonly onStuckSaga?: (saga: StuckSaga) => void;
}

/** How many events of a history are read to find its last failure. */
const LAST_EVENTS = 10;

/**
 * Compares the open payouts with the sagas that run: starts the sagas that are missing, tells those that run without
 * need, and ends and starts anew those that are stuck.
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
  // Everything that Temporal accepts is done first, and then we tell what it refused.
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

/** The payout that this workflow is the saga of; undefined for any other workflow. */
function payoutOf(poolId: string, workflowId: string): string | undefined {
  const prefix = payoutWorkflowId(poolId, '');
  return workflowId.startsWith(prefix) ? workflowId.slice(prefix.length) : undefined;
}

/** The payouts whose sagas run. Temporal's list lags by a moment, and that does no harm: starting a saga that runs finds it. */
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

/** What keeps the saga from going on; undefined when nothing does. */
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
 * Reads the failure that the workflow's task has now. Of failures in a row only the first one is in the history, and a
 * failure from before a completed task is over.
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

/** Ending a saga is always safe: Postgres holds what was promised, and settling goes on. */
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
