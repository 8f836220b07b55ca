/** Work on the whole history, by a worker: started, its progress told, and waited for however long. */
import { WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import { PoolError } from '../core/base/errors/pool-error.js';
import type {
  ArchiveReport,
  RebuildReport,
  RestoreReport,
  VerifyReport,
} from '../core/history/rules/reports.js';
import type { NewOrder } from '../core/orders/store/orders.js';
import { type PoolInput, type SingleWorkflow, singleWorkflowId } from '../workflows/contract.js';
import type { ApiDeps } from './deps.js';
import { type OrderReports, startOrder } from './orders.js';
import { pingTemporal, startOptions } from './sagas.js';

type Tell = (words: string) => void;

const LOOK_EVERY_MS = 1_000;
/** A worker that runs takes work up at once. */
const PATIENCE_MS = 60_000;

/** Computes every balance again, and corrects unless the order is a dry run. */
export function runRebuild(
  deps: ApiDeps,
  order: Omit<NewOrder<'ledger.rebuild'>, 'kind' | 'subject'>,
  tell: Tell,
): Promise<RebuildReport> {
  return runOrder(deps, { ...order, kind: 'ledger.rebuild', subject: 'balances' }, tell);
}

/** Brings a month back into the table. */
export function runRestore(
  deps: ApiDeps,
  order: Omit<NewOrder<'archive.restore'>, 'kind' | 'subject'>,
  tell: Tell,
): Promise<RestoreReport> {
  const { month: subject } = order.args;
  return runOrder(deps, { ...order, kind: 'archive.restore', subject }, tell);
}

/** Archives now what the schedule would archive next. */
export function runArchive(deps: ApiDeps, tell: Tell): Promise<ArchiveReport> {
  const work = {
    type: 'archiveEvents',
    name: 'archive',
    summary: 'archive run asked for',
  } as const;
  return runWork<ArchiveReport>(deps, work, tell);
}

/** Reads all files of the archive. */
export function runVerify(deps: ApiDeps, tell: Tell): Promise<VerifyReport> {
  const work = {
    type: 'verifyArchive',
    name: 'archive-verify',
    summary: 'archive verify',
  } as const;
  return runWork<VerifyReport>(deps, work, tell);
}

/** The history is in the hands of one person's work at a time. */
async function runOrder<Kind extends 'ledger.rebuild' | 'archive.restore'>(
  deps: ApiDeps,
  order: NewOrder<Kind>,
  tell: Tell,
): Promise<OrderReports[Kind]> {
  const workflowId = singleWorkflowId(deps.poolId, 'history');
  const { handle } = await named(workflowId, () => startOrder(deps, order, { workflowId }));
  return await Promise.race([handle.result(), watch(handle, tell)]);
}

interface Work {
  readonly type: string;
  readonly name: SingleWorkflow;
  readonly summary: string;
}

async function runWork<Report>(deps: ApiDeps, work: Work, tell: Tell): Promise<Report> {
  await pingTemporal(deps);
  const { client, poolId } = deps;
  const workflowId = singleWorkflowId(poolId, work.name);
  const handle = await named(workflowId, () =>
    client.workflow.start<(input: PoolInput) => Promise<Report>>(work.type, {
      ...startOptions(deps, work.summary),
      ...{ args: [{ poolId }], workflowId },
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowExecutionTimeout: '1 day',
    }),
  );
  return (await Promise.race([handle.result(), watch(handle, tell)])) as Report;
}

async function named<T>(workflowId: string, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (cause) {
    if (!(cause instanceof WorkflowExecutionAlreadyStartedError)) throw cause;
    throw new PoolError('REPAIR_RUNNING', `${workflowId} runs already.`, {}, { cause });
  }
}

/** Tells how far the activity has come, for as long as it runs; throws when no worker takes it up. */
async function watch(handle: WorkflowHandle, tell: Tell): Promise<never> {
  let told = '';
  let isTaken = false;
  for (const startedAt = Date.now(); ; ) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS).unref());
    // Looking may fail while the work goes on: its result tells.
    const seen = await handle.describe().catch(() => undefined);
    if (seen !== undefined && seen.status.name !== 'RUNNING') return handle.result() as never;
    const [activity] = seen?.raw.pendingActivities ?? [];
    isTaken ||= (activity?.attempt ?? 0) > 0 && activity?.lastStartedTime != null;
    if (!isTaken && Date.now() - startedAt > PATIENCE_MS) {
      const words = `No worker has taken it up; it waits as ${handle.workflowId}.`;
      throw new PoolError('WORKER_SILENT', words);
    }
    const words = wordsOf(activity?.heartbeatDetails?.payloads?.[0]?.data);
    if (words !== '' && words !== told) tell(words);
    told = words;
  }
}

function wordsOf(data: Uint8Array | null | undefined): string {
  try {
    const words: unknown = data ? JSON.parse(Buffer.from(data).toString()) : '';
    return typeof words === 'string' ? words : '';
  } catch {
    return '';
  }
}
