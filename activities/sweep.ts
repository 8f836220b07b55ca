/** The sweep: every open payout must have a running saga, no saga may outlive its payout, and none may stay stuck. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { foreignText } from '../core/base/foreign-text.js';
import type { Database } from '../core/db/database.js';
import { SagasRefused } from '../core/payouts/settling/settler.js';
import { type OpenPayoutRow, openPayouts } from '../core/payouts/store/payout-progress.js';
import { keptStuckSagas, recordStuckSagas } from '../core/sentinel/store/stuck-sagas.js';
import {
  createSuspectRounds,
  judgeRunning,
  type SuspectRounds,
  stuckFailure,
} from '../core/sentinel/sweeping.js';
import { payoutWorkflowId, type StuckSaga, type SweepReport } from '../workflows/contract.js';
import { type SagaDeps, startSagas, tellSagas } from './sagas.js';

interface SweepDeps extends SagaDeps {
  readonly db: Database;
  /** Where the last sweep stopped among the suspects. @default each kind begins at its first payout */
  readonly rounds?: SuspectRounds;
  readonly onStuckSaga?: (saga: StuckSaga) => void;
}

/** To find a saga's last failure we read this many events from the end of its history. */
const LAST_EVENTS = 10;
const PAGE_SIZE = 1_000;
/** Between two lists of the sagas that run, a process only counts them this many times, while their number is right. */
const COUNTS_BETWEEN_LISTS = 10;

/** Starts missing sagas, signals those whose payouts have ended, and restarts those that are stuck. */
export async function sweepSagas(
  deps: SweepDeps,
  onProgress: (words: string) => void = () => undefined,
): Promise<SweepReport> {
  const { db, poolId, rounds = createSuspectRounds() } = deps;
  const refused: SagasRefused[] = [];
  const goOn = (error: unknown) => {
    if (!(error instanceof SagasRefused)) throw error;
    refused.push(error);
  };
  const running = await runningSagas(deps, rounds);
  const open = await openPayouts(db, {});
  const missing = open.filter(({ payoutId }) => !running.has(payoutId));
  await startSagas(deps, missing, (words) => onProgress(`${words} started`)).catch(goOn);
  const { ended, ...others } = await judgeRunning(db, running, rounds);
  await tellSagas(deps, ended).catch(goOn);
  const kept = (await keptStuckSagas(db)).flatMap((one) => payoutOf(poolId, one) ?? []);
  const suspects = [...new Set([...kept, ...others.suspects])];
  const stuck = await findStuck(deps, suspects);
  const workflowIdOf = (payoutId: string) => payoutWorkflowId(poolId, payoutId);
  await recordStuckSagas(db, stuck, {
    checked: suspects.map(workflowIdOf),
    running: [...running].map(workflowIdOf),
  });
  for (const saga of stuck) {
    deps.onStuckSaga?.(saga);
    await startAnew(deps, saga, open).catch(goOn);
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

/** The id of the payout that this workflow is the saga of; undefined when it is no saga of this pool. */
function payoutOf(poolId: string, workflowId: string): string | undefined {
  const prefix = payoutWorkflowId(poolId, '');
  return workflowId.startsWith(prefix) ? workflowId.slice(prefix.length) : undefined;
}

/**
 * Lists the payouts whose sagas run. An old list does no harm: starting a saga twice changes nothing. A list of
 * thousands costs Temporal and this process seconds, so while as many run as there are open payouts, it is made only
 * now and then: one that is missing next to one too many is found then.
 */
async function runningSagas(
  { client, db, poolId }: SweepDeps,
  rounds: SuspectRounds,
): Promise<ReadonlySet<string>> {
  const query = `WorkflowType = "payout" AND ExecutionStatus = "Running" AND PoolId = "${poolId}"`;
  const open = await openPayouts(db, {});
  if (open.length > PAGE_SIZE && rounds.countsLeft > 0) {
    rounds.countsLeft -= 1;
    const { count } = await client.workflow.count(query);
    if (count === open.length) return new Set(open.map(({ payoutId }) => payoutId));
  }
  rounds.countsLeft = COUNTS_BETWEEN_LISTS;
  const payoutIds = new Set<string>();
  for await (const { workflowId } of client.workflow.list({ query, pageSize: PAGE_SIZE })) {
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
    const attempt = await pendingAttempt(deps, workflowId);
    const failure = await stuckFailure(attempt, () => lastFailure(deps, workflowId));
    if (failure !== undefined) stuck.push({ payoutId, workflowId, failure });
  }
  return stuck;
}

/** How often the saga's current workflow task was tried; 0 when it has none, or has ended. */
async function pendingAttempt({ client }: SagaDeps, workflowId: string): Promise<number> {
  try {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    return raw.pendingWorkflowTask?.attempt ?? 0;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 0;
    throw error;
  }
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

/** Terminates a stuck saga and starts a new one. That is safe: Postgres holds the state, and the settler goes on. */
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
  const own = open.filter((payout) => payout.payoutId === payoutId);
  await startSagas(deps, own);
}
