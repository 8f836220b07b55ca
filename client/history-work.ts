/** Has a worker do work on the whole history, tells its progress, and waits for as long as it takes. */
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

/** A worker that runs begins at once. */
const TAKE_UP_MS = 60_000;

/** Computes every balance again, and corrects unless the order is a dry run. */
export function runRebuild(
  pool: RunningPool,
  order: Omit<NewOrder<'ledger.rebuild'>, 'kind' | 'subject'>,
  tell: Tell,
): Promise<RebuildReport> {
  return runOrder(pool, { ...order, kind: 'ledger.rebuild', subject: 'balances' }, tell);
}

/** Brings an archived month back into the table. */
export function runRestore(
  pool: RunningPool,
  order: Omit<NewOrder<'archive.restore'>, 'kind' | 'subject'>,
  tell: Tell,
): Promise<RestoreReport> {
  const { month: subject } = order.args;
  return runOrder(pool, { ...order, kind: 'archive.restore', subject }, tell);
}

/** Archives now what the schedule would archive next. */
export function runArchive(pool: RunningPool, tell: Tell): Promise<ArchiveReport> {
  const work = {
    type: 'archiveEvents',
    name: 'archive',
    summary: 'archive run asked for',
  } as const;
  return runWork(pool, work, tell);
}

/** Reads all files of the archive again. */
export function runVerify(pool: RunningPool, tell: Tell): Promise<VerifyReport> {
  const work = {
    type: 'verifyArchive',
    name: 'archive-verify',
    summary: 'archive verify',
  } as const;
  return runWork(pool, work, tell);
}

/** All orders about the history share one workflow id: one runs at a time. */
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

/** Tells what the activity says with its heartbeats, each sentence once. */
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
