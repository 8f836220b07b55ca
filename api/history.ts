/** Work on the whole history, by a worker: started, its progress told, and waited for however long. */
import { WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import { PoolError } from '../domain/pool-error.js';
import {
  ARCHIVE_VERIFY_WORKFLOW_ID,
  ARCHIVE_WORKFLOW_ID,
  type ArchiveReport,
  HISTORY_WORKFLOW_ID,
  type RebuildInput,
  type RebuildReport,
  type RestoreInput,
  type RestoreReport,
  TASK_QUEUE,
  type VerifyReport,
} from '../workflows/contract.js';
import type { ApiDeps } from './deps.js';
import { pingTemporal } from './sagas.js';

type Tell = (words: string) => void;

const LOOK_EVERY_MS = 1_000;
/** A worker that runs takes work up at once. */
const PATIENCE_MS = 60_000;

/** Computes every balance again, and corrects when the input says so. */
export function runRebuild(deps: ApiDeps, input: RebuildInput, tell: Tell): Promise<RebuildReport> {
  const summary = input.apply ? `rebuild --apply: ${input.reason}` : 'rebuild';
  const order = { type: 'rebuild', workflowId: HISTORY_WORKFLOW_ID, args: [input], summary };
  return run<RebuildReport>(deps, order, tell);
}

/** Archives now what the schedule would archive next. */
export function runArchive(deps: ApiDeps, tell: Tell): Promise<ArchiveReport> {
  const summary = 'archive run asked for by a person';
  const order = { type: 'archiveEvents', workflowId: ARCHIVE_WORKFLOW_ID, args: [], summary };
  return run<ArchiveReport>(deps, order, tell);
}

/** Reads all files of the archive. */
export function runVerify(deps: ApiDeps, tell: Tell): Promise<VerifyReport> {
  const summary = 'archive verify';
  const workflowId = ARCHIVE_VERIFY_WORKFLOW_ID;
  return run<VerifyReport>(deps, { type: 'verifyArchive', workflowId, args: [], summary }, tell);
}

/** Brings a month back into the table. */
export function runRestore(deps: ApiDeps, input: RestoreInput, tell: Tell): Promise<RestoreReport> {
  const summary = `archive restore ${input.month}: ${input.reason}`;
  const order = { type: 'restoreArchive', workflowId: HISTORY_WORKFLOW_ID, args: [input], summary };
  return run<RestoreReport>(deps, order, tell);
}

interface Order {
  readonly type: string;
  readonly workflowId: string;
  readonly args: readonly unknown[];
  readonly summary: string;
}

async function run<Report>(deps: ApiDeps, order: Order, tell: Tell): Promise<Report> {
  await pingTemporal(deps);
  const { client, taskQueue = TASK_QUEUE } = deps;
  const { type, workflowId, args, summary } = order;
  try {
    const handle = await client.workflow.start<(...args: unknown[]) => Promise<Report>>(type, {
      ...{ args: [...args], taskQueue, workflowId },
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      workflowExecutionTimeout: '1 day',
      staticSummary: summary,
    });
    return (await Promise.race([handle.result(), watch(handle, tell)])) as Report;
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
