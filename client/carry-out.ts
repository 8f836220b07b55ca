/** Carries out a person's order: writes it into the ledger, then starts a workflow that does it. */
import { PoolError } from '../core/base/errors/pool-error.js';
import type { AdoptionReport, RepairReport } from '../core/checks/rules/check-reports.js';
import type {
  AdjustmentReport,
  JobDecisionReport,
} from '../core/decisions/rules/decision-reports.js';
import type { BackfillReport, SetAsideRetryReport } from '../core/events/rules/sync-reports.js';
import type { RebuildReport, RestoreReport } from '../core/history/rules/reports.js';
import type { OrderKind } from '../core/orders/rules/order-kinds.js';
import { type NewOrder, placeOrder, withdrawOrder } from '../core/orders/store/orders.js';
import {
  type ManualPayoutResult,
  type OrderedRound,
  type OrderInput,
  orderWorkflowId,
} from '../workflows/contract.js';
import { REPAIR_TIMEOUT_MS, type RunningPool } from './running-pool.js';
import { pingTemporal, requireReport, startWorkflow, type WorkflowCall } from './workflow-calls.js';

/** The report that each kind of order's workflow returns. */
export interface OrderReports {
  readonly 'payout.manual': ManualPayoutResult;
  readonly 'payout.round': OrderedRound;
  readonly 'wallet.adopt': AdoptionReport;
  readonly 'payout.release': RepairReport;
  readonly 'payout.paid-elsewhere': RepairReport;
  readonly 'jobs.assign': JobDecisionReport;
  readonly 'jobs.absorb': JobDecisionReport;
  readonly 'ledger.adjust': AdjustmentReport;
  readonly 'set-aside.retry': SetAsideRetryReport;
  readonly 'source.backfill': BackfillReport;
  readonly 'ledger.rebuild': RebuildReport;
  readonly 'archive.restore': RestoreReport;
}

/** The workflow type of each kind of order, and the time limit of those that may take longer than a day. */
const WORKFLOWS: Readonly<Record<OrderKind, { readonly type: string; readonly longest?: string }>> =
  {
    'payout.manual': { type: 'manualPayout' },
    'payout.round': { type: 'orderedRound' },
    'wallet.adopt': { type: 'adoptWallet' },
    'payout.release': { type: 'releasePayout' },
    'payout.paid-elsewhere': { type: 'payElsewhere' },
    'jobs.assign': { type: 'assignJobs' },
    'jobs.absorb': { type: 'absorbJobs' },
    'ledger.adjust': { type: 'adjustPayee' },
    'set-aside.retry': { type: 'retrySetAside' },
    'source.backfill': { type: 'backfill', longest: '30 days' },
    'ledger.rebuild': { type: 'rebuild', longest: '30 days' },
    'archive.restore': { type: 'restoreArchive', longest: '30 days' },
  };

/** Writes the order into the ledger and starts its workflow. If that fails, withdraws the order and throws the error. */
export async function startOrder<Kind extends OrderKind>(
  pool: RunningPool,
  order: NewOrder<Kind>,
  /** Orders with the same workflow id cannot run at the same time. @default an id derived from the order's */
  options: Partial<Pick<WorkflowCall<OrderInput>, 'workflowId' | 'memo'>> = {},
) {
  await pingTemporal(pool);
  const { db, poolId } = pool;
  const { id: orderId, kind, subject, dryRun, reason } = await placeOrder(db, order);
  const { workflowId = orderWorkflowId(poolId, orderId), memo = {} } = options;
  try {
    return await startWorkflow<OrderInput, OrderReports[Kind]>(pool, {
      ...WORKFLOWS[kind],
      workflowId,
      input: { poolId, orderId },
      summary: `${dryRun ? 'dry run of ' : ''}${kind} ${subject}: ${reason}`,
      memo,
    });
  } catch (error) {
    if (await withdrawOrder(db, orderId)) throw error;
    // The order can no longer be withdrawn: Temporal has started the workflow although its answer was lost.
    const words = `The order has been taken up, and goes on by itself as ${workflowId}.`;
    throw new PoolError('WORKER_SILENT', words, {}, { cause: error });
  }
}

/** Starts the order and waits for its report. Throws WORKER_SILENT when that takes too long; the order goes on. */
export async function carryOut<Kind extends OrderKind>(
  pool: RunningPool,
  order: NewOrder<Kind>,
  totalMs = REPAIR_TIMEOUT_MS,
): Promise<OrderReports[Kind]> {
  return requireReport(pool, await startOrder(pool, order), { totalMs });
}
