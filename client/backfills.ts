/** Starts or joins a backfill, and follows it while it runs. */
import { CancelledFailure, TerminatedFailure } from '@temporalio/client';
import { causesOf } from '../core/base/causes.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import type { BackfillReport } from '../core/events/rules/sync-reports.js';
import type { Decision } from '../core/ledger/store/audit-log.js';
import type { BackfillRange } from '../core/orders/rules/order-kinds.js';
import { backfillWorkflowId, type OrderInput } from '../workflows/contract.js';
import { startOrder } from './carry-out.js';
import type { RunningPool } from './running-pool.js';
import { awaitReport, type Patience, workerSilent } from './workflow-calls.js';

type BackfillRequest = Decision & BackfillRange & { readonly sourceId: string };

interface StartedBackfill {
  readonly workflowId: string;
  readonly runId: string;
  /** False when the same backfill was running already and was joined. */
  readonly created: boolean;
}

/**
 * Starts a backfill of a configured source. While it runs, the same request joins it; a request for another range of
 * this source is refused with REPAIR_RUNNING.
 */
export async function startBackfill(
  pool: RunningPool,
  { sourceId, from, to, actor, reason }: BackfillRequest,
): Promise<StartedBackfill> {
  const known = pool.config.sources.map(({ id }) => id);
  if (!known.includes(sourceId)) {
    const words = `there is no source "${sourceId}"; configured: ${known.join(', ')}`;
    throw new PoolError('SOURCE_UNKNOWN', words);
  }
  const workflowId = backfillWorkflowId(pool.poolId, sourceId);
  const range = `${from ?? 'beginning'} to ${to ?? 'end'}`;
  const args = { sourceId, from, to };
  try {
    const { firstExecutionRunId: runId } = await startOrder(
      pool,
      { kind: 'source.backfill', subject: sourceId, args, dryRun: false, actor, reason },
      { workflowId, memo: { range } },
    );
    return { workflowId, runId, created: true };
  } catch (cause) {
    if (!(cause instanceof PoolError && cause.code === 'REPAIR_RUNNING')) throw cause;
    const { runId, memo } = await pool.client.workflow.getHandle(workflowId).describe();
    if (memo?.['range'] === range) return { workflowId, runId, created: false };
    const words = `${workflowId} runs already, ${String(memo?.['range'])}: wait for its end`;
    throw new PoolError('REPAIR_RUNNING', words, {}, { cause });
  }
}

/**
 * Waits for a backfill's report; undefined when the person leaves first. Throws the error that the backfill failed
 * with, or BACKFILL_ENDED_EARLY when somebody cancelled or terminated it.
 */
export async function followBackfill(
  pool: RunningPool,
  { workflowId, runId }: StartedBackfill,
  patience: Required<Pick<Patience, 'leaving' | 'onLook'>>,
): Promise<BackfillReport | undefined> {
  type Backfill = (input: OrderInput) => Promise<BackfillReport>;
  const handle = pool.client.workflow.getHandle<Backfill>(workflowId, runId);
  try {
    const report = await awaitReport(pool, handle, patience);
    if (report === undefined && !patience.leaving.aborted) throw workerSilent(workflowId);
    return report;
  } catch (cause) {
    const wasEnded = [...causesOf(cause)].some(
      (one) => one instanceof CancelledFailure || one instanceof TerminatedFailure,
    );
    if (!wasEnded) throw cause;
    throw new PoolError('BACKFILL_ENDED_EARLY', `${workflowId} was ended`, {}, { cause });
  }
}
