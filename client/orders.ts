/** Orders of people: written into the ledger, then carried out by a workflow that is waited for. */
import type { WorkflowHandle } from '@temporalio/client';
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
  type OrderInput,
  orderWorkflowId,
} from '../workflows/contract.js';
import type { ApiDeps } from './deps.js';
import {
  isUnreachable,
  pingTemporal,
  reachTemporal,
  START_TIMEOUT_MS,
  startOptions,
} from './sagas.js';

/** What each kind of order comes to. */
export interface OrderReports {
  readonly 'payout.manual': ManualPayoutResult;
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

const WORKFLOW_TYPES: Readonly<Record<OrderKind, string>> = {
  'payout.manual': 'manualPayout',
  'wallet.adopt': 'adoptWallet',
  'payout.release': 'releasePayout',
  'payout.paid-elsewhere': 'payElsewhere',
  'jobs.assign': 'assignJobs',
  'jobs.absorb': 'absorbJobs',
  'ledger.adjust': 'adjustPayee',
  'set-aside.retry': 'retrySetAside',
  'source.backfill': 'backfill',
  'ledger.rebuild': 'rebuild',
  'archive.restore': 'restoreArchive',
};

/** The longest that a workflow of an order may take, tries of its activity included. */
const EXECUTION_TIMEOUTS: Readonly<Partial<Record<OrderKind, string>>> = {
  'source.backfill': '30 days',
  'ledger.rebuild': '30 days',
  'archive.restore': '30 days',
};

export interface StartedOrder<Report> {
  readonly orderId: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly handle: WorkflowHandle<(input: OrderInput) => Promise<Report>>;
}

interface StartOptions {
  /** Without it each order has a workflow of its own; with it, one that runs under it is refused. */
  readonly workflowId?: string;
  readonly memo?: Readonly<Record<string, string>>;
}

/**
 * Writes the order down and starts its workflow. What cannot be started is taken back. Throws
 * WorkflowExecutionAlreadyStartedError when another one runs under the id that was asked for.
 */
export async function startOrder<Kind extends OrderKind>(
  deps: ApiDeps,
  order: NewOrder<Kind>,
  options: StartOptions = {},
): Promise<StartedOrder<OrderReports[Kind]>> {
  await pingTemporal(deps);
  const { client, db, poolId } = deps;
  const { id: orderId, kind, subject, dryRun, reason } = await placeOrder(db, order);
  const workflowId = options.workflowId ?? orderWorkflowId(poolId, orderId);
  const common = startOptions(deps, `${dryRun ? 'dry run of ' : ''}${kind} ${subject}: ${reason}`);
  try {
    const handle = await reachTemporal(() =>
      client.withDeadline(Date.now() + START_TIMEOUT_MS, () =>
        client.workflow.start<(input: OrderInput) => Promise<OrderReports[Kind]>>(
          WORKFLOW_TYPES[kind],
          {
            ...common,
            workflowId,
            args: [{ poolId, orderId }],
            memo: { ...common.memo, ...options.memo },
            workflowIdConflictPolicy: 'FAIL',
            workflowIdReusePolicy: 'ALLOW_DUPLICATE',
            workflowExecutionTimeout: EXECUTION_TIMEOUTS[kind] ?? '1 day',
          },
        ),
      ),
    );
    return { orderId, workflowId, runId: handle.firstExecutionRunId, handle };
  } catch (error) {
    if (await withdrawOrder(db, orderId)) throw error;
    // Temporal took it although it did not say so.
    const words = `The order has been taken up, and goes on by itself as ${workflowId}.`;
    throw new PoolError('WORKER_SILENT', words, {}, { cause: error });
  }
}

/** Of a person at a command line; the API's clients have less. @see ApiDeps.repairTimeoutMs */
const PATIENCE_MS = 300_000;

/** Has the order carried out; throws WORKER_SILENT when that takes too long: it goes on by itself. */
export async function carryOut<Kind extends OrderKind>(
  deps: ApiDeps,
  order: NewOrder<Kind>,
): Promise<OrderReports[Kind]> {
  const started = await startOrder(deps, order);
  const report = await awaitOrder(deps, started, deps.repairTimeoutMs ?? PATIENCE_MS);
  if (report !== undefined) return report;
  const words = `No worker has ended it in time; it goes on by itself as ${started.workflowId}.`;
  throw new PoolError('WORKER_SILENT', words);
}

/** What a started order came to; undefined when it has not ended in time. */
export async function awaitOrder<Report>(
  { client }: ApiDeps,
  { handle }: StartedOrder<Report>,
  timeoutMs: number,
): Promise<Report | undefined> {
  const patience = AbortSignal.timeout(timeoutMs);
  try {
    return await client.withAbortSignal(patience, () => handle.result());
  } catch (error) {
    // It has been started: whatever cuts the waiting short does not stop it.
    if (patience.aborted || isUnreachable(error)) return undefined;
    throw error;
  }
}
