/** Lets a worker do work that a person asks for, beyond a single order's, and waits for its report. */
import type { WorkflowHandle } from '@temporalio/client';
import type { AuditReport, ReconciliationReport } from '../core/checks/rules/check-reports.js';
import type { ArchiveReport, VerifyReport } from '../core/history/rules/reports.js';
import type { NewOrder } from '../core/orders/store/orders.js';
import {
  type AuditInput,
  type PoolInput,
  type ReconciliationInput,
  singleWorkflowId,
  type Unscoped,
} from '../workflows/contract.js';
import { type OrderReports, startOrder } from './carry-out.js';
import { REPAIR_TIMEOUT_MS, type RunningPool } from './running-pool.js';
import { requireReport, startWorkflow } from './workflow-calls.js';

type Tell = (words: string) => void;

type HistoryOrder = 'ledger.rebuild' | 'archive.restore';

/** A worker must begin within this many ms. A running worker begins at once, so after that none is running. */
const TAKE_UP_MS = 60_000;

const WORK = {
  // A whole audit may take as long as it takes; only waiting for its report has a limit.
  audit: {
    type: 'audit',
    summary: 'audit asked for on the command line',
    longest: null,
    ifRunning: 'join',
  },
  reconcile: {
    type: 'reconcile',
    summary: 'reconciliation asked for by a person',
    longest: '1 hour',
    ifRunning: 'join',
  },
  archive: { type: 'archiveEvents', summary: 'archive run asked for' },
  'archive-verify': { type: 'verifyArchive', summary: 'archive verify' },
} as const;

/** Checks the whole ledger against its invariants and every raw event, or joins such a check that runs. */
export async function runAudit(pool: RunningPool): Promise<AuditReport> {
  const input: Unscoped<AuditInput> = { withEvents: true };
  const handle = await start<AuditReport>(pool, 'audit', input);
  return requireReport(pool, handle, { totalMs: REPAIR_TIMEOUT_MS });
}

/** Compares the chain with the ledger now, without waiting for the schedule, or joins a comparison that runs. */
export async function runReconciliation(
  pool: RunningPool,
  input: Unscoped<ReconciliationInput>,
  totalMs = REPAIR_TIMEOUT_MS,
): Promise<ReconciliationReport> {
  const handle = await start<ReconciliationReport>(pool, 'reconcile', input);
  return requireReport(pool, handle, { totalMs });
}

/** Archives the months that are due now, without waiting for the schedule. */
export async function runArchive(pool: RunningPool, tell: Tell): Promise<ArchiveReport> {
  return follow(pool, await start<ArchiveReport>(pool, 'archive'), tell);
}

/** Reads all files of the archive and compares them with the ledger's record of them. */
export async function runVerify(pool: RunningPool, tell: Tell): Promise<VerifyReport> {
  return follow(pool, await start<VerifyReport>(pool, 'archive-verify'), tell);
}

function start<Report>(pool: RunningPool, name: keyof typeof WORK, rest: object = {}) {
  const { poolId } = pool;
  const workflowId = singleWorkflowId(poolId, name);
  const input = { poolId, ...rest };
  return startWorkflow<PoolInput, Report>(pool, { ...WORK[name], workflowId, input });
}

/** Rebuilds the balances or restores a month. These orders share one workflow id, so only one runs at a time. */
export async function runHistoryOrder<Kind extends HistoryOrder>(
  pool: RunningPool,
  order: NewOrder<Kind>,
  tell: Tell,
): Promise<OrderReports[Kind]> {
  const workflowId = singleWorkflowId(pool.poolId, 'history');
  return follow(pool, await startOrder(pool, order, { workflowId }), tell);
}

/** Waits for the report without a time limit, and passes each new sentence in the activity's heartbeats to `tell`. */
function follow<Input, Report>(
  pool: RunningPool,
  handle: WorkflowHandle<(input: Input) => Promise<Report>>,
  tell: Tell,
): Promise<Report> {
  let last = '';
  return requireReport(pool, handle, {
    takeUpMs: TAKE_UP_MS,
    onLook({ told }) {
      const words = typeof told === 'string' ? told : '';
      if (words !== '' && words !== last) tell(words);
      last = words;
    },
  });
}
