/** Open payouts and the sagas that run, compared: every payout has one, none runs without need, and none is stuck. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { foreignText } from '../core/base/foreign-text.js';
import type { Database } from '../core/db/database.js';
import { type OpenPayoutRow, openPayouts } from '../core/payouts/store/payout-progress.js';
import { lateSteps, recordStuckSagas } from '../core/sentinel/store/stuck-sagas.js';
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
  readonly onStuckSaga?: (saga: StuckSaga) => void;
}

/** A workflow task that failed this often in a row fails for a reason that stays. */
const STUCK_AT_ATTEMPT = 3;
/** How many suspects one sweep looks at. */
const MOST_SUSPECTS = 50;
const LAST_EVENTS = 10;

export async function sweepSagas(
  deps: SweepDeps,
  onProgress: (words: string) => void = () => undefined,
): Promise<SweepReport> {
  const running = await runningSagas(deps);
  const open = await openPayouts(deps.db, {});
  const missing = open.filter(({ payoutId }) => !running.has(payoutId));
  await startSagas(deps, missing, (words) => onProgress(`${words} started`));
  const { ended, waiting } = await lateSteps(deps.db, [...running]);
  await tellSagas(deps, ended);
  const stuck = await findStuck(deps, [...ended, ...waiting].slice(0, MOST_SUSPECTS));
  await recordStuckSagas(deps.db, stuck);
  for (const saga of stuck) {
    deps.onStuckSaga?.(saga);
    await startAnew(deps, saga, open);
  }
  return { started: missing.length, told: ended.length, stuck };
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
    try {
      const { raw } = await deps.client.workflow.getHandle(workflowId).describe();
      if ((raw.pendingWorkflowTask?.attempt ?? 0) < STUCK_AT_ATTEMPT) continue;
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) continue;
      throw error;
    }
    stuck.push({ payoutId, workflowId, failure: await lastFailure(deps, workflowId) });
  }
  return stuck;
}

/** Only the first failure of a row is an event; the others are like it. */
async function lastFailure({ client }: SagaDeps, workflowId: string): Promise<string> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: LAST_EVENTS,
  });
  for (const event of history?.events ?? []) {
    const failure = event.workflowTaskFailedEventAttributes?.failure?.message;
    if (failure) return foreignText(failure);
  }
  return 'no failure is in its history: its tasks time out';
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
