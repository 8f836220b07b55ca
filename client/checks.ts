/** Checks that a person asks for: started, or joined when the same one runs, and waited for. */
import { PoolError } from '../core/base/errors/pool-error.js';
import type { ReconciliationReport } from '../core/checks/rules/check-reports.js';
import {
  type AuditInput,
  type PoolInput,
  type ReconciliationInput,
  type SingleWorkflow,
  singleWorkflowId,
} from '../workflows/contract.js';
import type { ApiDeps } from './deps.js';
import { pingTemporal, startOptions } from './sagas.js';

export interface AuditReport {
  readonly ok: boolean;
  readonly findings: readonly { readonly code: string; readonly message: string }[];
}

/** Holds all of the ledger against its invariants and every raw event, however long that takes. */
export function runAudit(deps: ApiDeps): Promise<AuditReport> {
  const input: AuditInput = { poolId: deps.poolId, withEvents: true };
  return run<AuditInput, AuditReport>(deps, {
    ...{ type: 'audit', name: 'audit', input },
    summary: 'audit asked for on the command line',
    isUnlimited: true,
  });
}

/** Holds the chain against the ledger now. */
export function runReconciliation(
  deps: ApiDeps,
  { fromOpening }: { readonly fromOpening: boolean },
): Promise<ReconciliationReport> {
  const input: ReconciliationInput = { poolId: deps.poolId, fromOpening };
  return run<ReconciliationInput, ReconciliationReport>(deps, {
    ...{ type: 'reconcile', name: 'reconcile', input },
    summary: 'reconciliation asked for by a person',
  });
}

interface Check<Input> {
  readonly type: string;
  readonly name: SingleWorkflow;
  readonly input: Input;
  readonly summary: string;
  /** It may take as long as it takes; a person stops waiting for it all the same. @default false */
  readonly isUnlimited?: boolean;
}

/** Of a person at a command line. */
const PATIENCE_MS = 300_000;

async function run<Input extends PoolInput, Report>(
  deps: ApiDeps,
  check: Check<Input>,
): Promise<Report> {
  await pingTemporal(deps);
  const { client, poolId } = deps;
  const workflowId = singleWorkflowId(poolId, check.name);
  const patience = AbortSignal.timeout(deps.repairTimeoutMs ?? PATIENCE_MS);
  try {
    return await client.withAbortSignal(patience, () =>
      client.workflow.execute<(input: Input) => Promise<Report>>(check.type, {
        ...startOptions(deps, check.summary),
        workflowId,
        args: [check.input],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        ...(check.isUnlimited === true ? {} : { workflowExecutionTimeout: '1 hour' }),
      }),
    );
  } catch (cause) {
    if (!patience.aborted) throw cause;
    const words = `No worker has ended it in time; it goes on by itself as ${workflowId}.`;
    throw new PoolError('WORKER_SILENT', words, {}, { cause });
  }
}
