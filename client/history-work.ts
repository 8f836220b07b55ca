/** Lets a worker do work on the whole history, reports its progress, and waits for its end without a time limit. */
import type { WorkflowHandle } from '@temporalio/client';
import type {
  ArchiveReport,
  RebuildReport,
  RestoreReport,
  VerifyReport,
} from '../core/history/rules/reports.js';
import type { NewOrder } from '../core/orders/store/orders.js';
import { type PoolInput, type SingleWorkflow, singleWorkflowId } from '../workflows/contract.js';
import { type OrderReports, startOrder } from './carry-out.js';
import type { RunningPool } from './running-pool.js';
import { requireReport, startWorkflow } from './workflow-calls.js';

type Tell = (words: string) => void;

/** A worker must begin within this many ms. A running worker begins at once, so after that none is running. */
const TAKE_UP_MS = 60_000;

/** Recomputes every balance from the raw events, and corrects differences unless the order is a dry run. */
export function runRebuild(
  pool: RunningPool,
  order: Omit<NewOrder<'ledger.rebuild'>, 'kind' | 'subject'>,
  tell: Tell,
): Promise<RebuildReport> {
  return runOrder(pool, { ...order, kind: 'ledger.rebuild', subject: 'balances' }, tell);
}

/** Reads an archived month back into the table. */
export function runRestore(
  pool: RunningPool,
  order: Omit<NewOrder<'archive.restore'>, 'kind' | 'subject'>,
  tell: Tell,
): Promise<RestoreReport> {
  const { month: subject } = order.args;
  return runOrder(pool, { ...order, kind: 'archive.restore', subject }, tell);
}

/** Archives the months that are due now, without waiting for the schedule. */
export function runArchive(pool: RunningPool, tell: Tell): Promise<ArchiveReport> {
  const work = {
    type: 'archiveEvents',
    name: 'archive',
    summary: 'archive run asked for',
  } as const;
  return runWork(pool, work, tell);
}

/** Reads all files of the archive and compares them with the ledger's record of them. */
export function runVerify(pool: RunningPool, tell: Tell): Promise<VerifyReport> {
  const work = {
    type: 'verifyArchive',
    name: 'archive-verify',
    summary: 'archive verify',
  } as const;
  return runWork(pool, work, tell);
}

/** Runs an order about the history. All such orders share one workflow id, so only one runs at a time. */
async function runOrder<Kind extends 'ledger.rebuild' | 'archive.restore'>(
  pool: RunningPool,
  order: NewOrder<Kind>,
  tell: Tell,
): Promise<OrderReports[Kind]> {
  const workflowId = singleWorkflowId(pool.poolId, 'history');
  const { handle } = await startOrder(pool, order, { workflowId });
  return follow(pool, handle, tell);
}

async function runWork<Report>(
  pool: RunningPool,
  work: { readonly type: string; readonly name: SingleWorkflow; readonly summary: string },
  tell: Tell,
): Promise<Report> {
  const { type, name, summary } = work;
  const { poolId } = pool;
  const workflowId = singleWorkflowId(poolId, name);
  const call = { type, workflowId, summary, input: { poolId } };
  return follow(pool, await startWorkflow<PoolInput, Report>(pool, call), tell);
}

/** Waits for the report, and passes each new sentence in the activity's heartbeats to `tell`. */
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
