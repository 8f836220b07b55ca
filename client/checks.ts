/**
 * Runs a check that a person asks for, or joins the same check when it is running already, and waits for its report.
 */
import type { ReconciliationReport } from '../core/checks/rules/check-reports.js';
import {
  type AuditInput,
  type PoolInput,
  type ReconciliationInput,
  type SingleWorkflow,
  singleWorkflowId,
} from '../workflows/contract.js';
import { type RunningPool, repairTimeoutOf } from './running-pool.js';
import { requireReport, startWorkflow, type WorkflowCall } from './workflow-calls.js';

export interface AuditReport {
  readonly ok: boolean;
  readonly findings: readonly { readonly code: string; readonly message: string }[];
}

/**
 * Checks the whole ledger against its invariants and every raw event. The check has no time limit; waiting for its
 * report has one.
 */
export function runAudit(pool: RunningPool): Promise<AuditReport> {
  return run<AuditInput, AuditReport>(pool, 'audit', {
    type: 'audit',
    input: { poolId: pool.poolId, withEvents: true },
    summary: 'audit asked for on the command line',
    longest: null,
  });
}

/** Compares the chain with the ledger now, without waiting for the schedule. */
export function runReconciliation(
  pool: RunningPool,
  { fromOpening }: { readonly fromOpening: boolean },
): Promise<ReconciliationReport> {
  return run<ReconciliationInput, ReconciliationReport>(pool, 'reconcile', {
    type: 'reconcile',
    input: { poolId: pool.poolId, fromOpening },
    summary: 'reconciliation asked for by a person',
    longest: '1 hour',
  });
}

async function run<Input extends PoolInput, Report>(
  pool: RunningPool,
  name: SingleWorkflow,
  check: Omit<WorkflowCall<Input>, 'workflowId' | 'ifRunning'>,
): Promise<Report> {
  const workflowId = singleWorkflowId(pool.poolId, name);
  const call = { ...check, workflowId, ifRunning: 'join' } as const;
  const handle = await startWorkflow<Input, Report>(pool, call);
  return requireReport(pool, handle, { totalMs: repairTimeoutOf(pool) });
}
