/** Open payouts and the sagas that run, compared: every payout has one, none runs without need, and none is stuck. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { foreignText } from '../core/base/foreign-text.js';
import type { Database } from '../core/db/database.js';
import { SagasRefused } from '../core/payouts/settling/settler.js';
import { type OpenPayoutRow, openPayouts } from '../core/payouts/store/payout-progress.js';
import { keptStuckSagas, lateSteps, recordStuckSagas } from '../core/sentinel/store/stuck-sagas.js';
import { payoutWorkflowId } from '../workflows/contract.js';
import { type SagaDeps, startSagas, tellSagas } from './sagas.js';

export interface StuckSaga {
  readonly payoutId: string;
  readonly workflowId: string;
  /** What its workflow task fails with, without secrets and on one line. */
  readonly failure: string;
}

export interface SweepReport {
  readonly started: number;
  /** Sagas that ran although their payouts had ended. */
  readonly told: number;
  readonly stuck: readonly StuckSaga[];
}

interface SweepDeps extends SagaDeps {
  readonly db: Database;
  /** How far earlier sweeps came. @default from the start */
  readonly rounds?: SuspectRounds;
  readonly onStuckSaga?: (saga: StuckSaga) => void;
}

/** A workflow task that failed this often in a row fails for a reason that stays. */
const STUCK_AT_ATTEMPT = 3;
/** One that only timed out, because a worker was killed, succeeds when another worker takes it up. */
const STUCK_WITHOUT_FAILURE_AT_ATTEMPT = 10;
/** How many suspects of each kind one sweep looks at; the next one goes on behind them. */
const MOST_SUSPECTS = 50;
const LAST_EVENTS = 10;

/** How far the sweeps of this process came among the suspects: all of them get their turn. */
export interface SuspectRounds {
  /** Of those whose next step is late. */
  late: string;
  /** Of those whose payouts are merely old. */
  old: string;
}

export const createSuspectRounds = (): SuspectRounds => ({ late: '', old: '' });

export async function sweepSagas(
  deps: SweepDeps,
  onProgress: (words: string) => void = () => undefined,
): Promise<SweepReport> {
  const running = await runningSagas(deps);
  const open = await openPayouts(deps.db, {});
  const missing = open.filter(({ payoutId }) => !running.has(payoutId));
  const refused: SagasRefused[] = [];
  const going = { onRefused: (error: SagasRefused) => refused.push(error) };
  await goingOn(
    going,
    startSagas(deps, missing, (words) => onProgress(`${words} started`)),
  );
  const steps = await lateSteps(deps.db, [...running]);
  await goingOn(going, tellSagas(deps, steps.ended));
  const suspects = await chooseSuspects(deps, steps);
  const stuck = await findStuck(deps, suspects);
  const workflowIdOf = (payoutId: string) => payoutWorkflowId(deps.poolId, payoutId);
  await recordStuckSagas(deps.db, stuck, {
    checked: suspects.map(workflowIdOf),
    running: [...running].map(workflowIdOf),
  });
  for (const saga of stuck) {
    deps.onStuckSaga?.(saga);
    await goingOn(going, startAnew(deps, saga, open));
  }
  // What Temporal refused about some is told when all that it takes is done.
  const [first] = refused;
  if (first !== undefined) {
    const words = refused.map(({ message }) => message).join('\n');
    const payoutIds = refused.flatMap((one) => one.payoutIds);
    throw new SagasRefused(words, payoutIds, first.cause);
  }
  return { started: missing.length, told: steps.ended.length, stuck };
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

/** Those that were stuck at the last sweep, and of the others as many as one sweep asks Temporal about, in turn. */
async function chooseSuspects(
  { db, poolId, rounds = createSuspectRounds() }: SweepDeps,
  { ended, waiting, old }: Awaited<ReturnType<typeof lateSteps>>,
): Promise<readonly string[]> {
  const prefix = payoutWorkflowId(poolId, '');
  const kept = (await keptStuckSagas(db)).flatMap((workflowId) =>
    workflowId.startsWith(prefix) ? [workflowId.slice(prefix.length)] : [],
  );
  const late = inTurn([...ended, ...waiting], rounds.late);
  const aged = inTurn(old, rounds.old);
  rounds.late = late.at(-1) ?? '';
  rounds.old = aged.at(-1) ?? '';
  return [...new Set([...kept, ...late, ...aged])];
}

/** The next ones behind this id, from the start again when there are not enough. */
function inTurn(payoutIds: readonly string[], after: string): readonly string[] {
  const sorted = [...payoutIds].sort();
  const first = sorted.findIndex((payoutId) => payoutId > after);
  const cut = first === -1 ? 0 : first;
  return [...sorted.slice(cut), ...sorted.slice(0, cut)].slice(0, MOST_SUSPECTS);
}

/** Payouts whose sagas run. The list lags behind by a moment: starting one that runs finds it. */
async function runningSagas({ client, poolId }: SagaDeps): Promise<ReadonlySet<string>> {
  const prefix = payoutWorkflowId(poolId, '');
  const query = `WorkflowType = "payout" AND ExecutionStatus = "Running" AND PoolId = "${poolId}"`;
  const payoutIds = new Set<string>();
  for await (const { workflowId } of client.workflow.list({ query, pageSize: 1_000 })) {
    if (workflowId.startsWith(prefix)) payoutIds.add(workflowId.slice(prefix.length));
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
  if (attempt < STUCK_AT_ATTEMPT) return undefined;
  const failure = await lastFailure(deps, workflowId);
  if (failure !== undefined) return failure;
  if (attempt < STUCK_WITHOUT_FAILURE_AT_ATTEMPT) return undefined;
  return 'no failure is in its history: its tasks time out';
}

/** Only the first failure of a row is an event; the others are like it. What came before a step that ended is over. */
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
