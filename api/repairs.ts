/** Repairs and checks as workflows: started, or joined when the same one runs, and waited for. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { PoolError } from '../domain/pool-error.js';
import {
  type AdoptionInput,
  type AdoptionReport,
  type PaidElsewhereInput,
  RECONCILE_WORKFLOW_ID,
  type ReconciliationInput,
  type ReconciliationReport,
  type ReleaseInput,
  type RepairReport,
  repairWorkflowId,
  TASK_QUEUE,
} from '../workflows/contract.js';
import type {
  AbsorbInput,
  AdjustmentInput,
  AdjustmentReport,
  AssignInput,
  JobDecisionReport,
  SetAsideRetryInput,
  SetAsideRetryReport,
} from '../workflows/contract-events.js';
import type { ApiDeps } from './deps.js';
import { pingTemporal } from './sagas.js';

/** Books what the wallet's key did elsewhere, or shows it. */
export function runAdoption(deps: ApiDeps, input: AdoptionInput): Promise<AdoptionReport> {
  return run<AdoptionInput, AdoptionReport>(deps, {
    ...{ type: 'adoptWallet', workflowId: repairWorkflowId('wallet'), input },
    summary: `wallet adopt: ${input.reason}`,
  });
}

/** Gives a payout's amount back to pending, or shows whether that can be done. */
export function runRelease(deps: ApiDeps, input: ReleaseInput): Promise<RepairReport> {
  return run<ReleaseInput, RepairReport>(deps, {
    ...{ type: 'releasePayout', workflowId: repairWorkflowId(input.payoutId), input },
    summary: `payout release: ${input.reason}`,
  });
}

/** Books a payment made outside of the pool, or shows what that would do. */
export function runPaidElsewhere(deps: ApiDeps, input: PaidElsewhereInput): Promise<RepairReport> {
  return run<PaidElsewhereInput, RepairReport>(deps, {
    ...{ type: 'payElsewhere', workflowId: repairWorkflowId(input.payoutId), input },
    summary: `payout paid-elsewhere: ${input.reason}`,
  });
}

/** All decisions about unattributed jobs, one at a time. */
const UNATTRIBUTED = repairWorkflowId('unattributed');

/** Gives unattributed jobs to a payee, or shows what that would come to. */
export function runAssign(deps: ApiDeps, input: AssignInput): Promise<JobDecisionReport> {
  return run<AssignInput, JobDecisionReport>(deps, {
    ...{ type: 'assignJobs', workflowId: UNATTRIBUTED, input },
    summary: `unattributed assign: ${input.reason}`,
  });
}

/** Keeps unattributed jobs for the pool, or shows what that would come to. */
export function runAbsorb(deps: ApiDeps, input: AbsorbInput): Promise<JobDecisionReport> {
  return run<AbsorbInput, JobDecisionReport>(deps, {
    ...{ type: 'absorbJobs', workflowId: UNATTRIBUTED, input },
    summary: `unattributed absorb: ${input.reason}`,
  });
}

/** Adds to a payee's pending fees, or takes from them, or shows what that would come to. */
export function runAdjustment(deps: ApiDeps, input: AdjustmentInput): Promise<AdjustmentReport> {
  return run<AdjustmentInput, AdjustmentReport>(deps, {
    ...{ type: 'adjustPayee', workflowId: repairWorkflowId(`adjust/${input.payee}`), input },
    summary: `adjust: ${input.reason}`,
  });
}

/** Tries events that were set aside again, or shows what that would come to. */
export function runSetAsideRetry(
  deps: ApiDeps,
  input: SetAsideRetryInput,
): Promise<SetAsideRetryReport> {
  return run<SetAsideRetryInput, SetAsideRetryReport>(deps, {
    ...{ type: 'retrySetAside', workflowId: repairWorkflowId('set-aside'), input },
    summary: `set-aside retry: ${input.reason}`,
  });
}

/** Holds the chain against the ledger now. */
export function runReconciliation(
  deps: ApiDeps,
  input: ReconciliationInput,
): Promise<ReconciliationReport> {
  return run<ReconciliationInput, ReconciliationReport>(deps, {
    ...{ type: 'reconcile', workflowId: RECONCILE_WORKFLOW_ID, input },
    summary: 'reconciliation asked for by a person',
    onConflict: 'USE_EXISTING',
  });
}

interface Order<Input> {
  readonly type: string;
  readonly workflowId: string;
  readonly input: Input;
  readonly summary: string;
  /** @default 'FAIL': two people's repairs of one thing must not be taken for each other. */
  readonly onConflict?: 'FAIL' | 'USE_EXISTING';
}

/** Of a person at a command line; the API's clients have less. @see ApiDeps.repairTimeoutMs */
const PATIENCE_MS = 300_000;

async function run<Input, Report>(deps: ApiDeps, order: Order<Input>): Promise<Report> {
  await pingTemporal(deps);
  const { client, taskQueue = TASK_QUEUE } = deps;
  const { workflowId } = order;
  const patience = AbortSignal.timeout(deps.repairTimeoutMs ?? PATIENCE_MS);
  try {
    return await client.withAbortSignal(patience, () =>
      client.workflow.execute<(input: Input) => Promise<Report>>(order.type, {
        args: [order.input],
        ...{ taskQueue, workflowId },
        workflowIdConflictPolicy: order.onConflict ?? 'FAIL',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowExecutionTimeout: '1 hour',
        staticSummary: order.summary,
      }),
    );
  } catch (cause) {
    if (cause instanceof WorkflowExecutionAlreadyStartedError) {
      throw new PoolError('REPAIR_RUNNING', `${workflowId} runs already.`, {}, { cause });
    }
    if (!patience.aborted) throw cause;
    const words = `No worker has ended it in time; it goes on by itself as ${workflowId}.`;
    throw new PoolError('WORKER_SILENT', words, {}, { cause });
  }
}
