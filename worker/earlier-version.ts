/**
 * Cleans up what a version without pool ids left in Temporal: schedules and running workflows with plain names, on a
 * queue that no worker polls. Nothing is lost, because everything is in Postgres: the sagas and schedules of this
 * version take over.
 */
import { type Client, ScheduleNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import type { Database } from '../core/db/database.js';
import { isKnownPayout } from '../core/payouts/store/reads/payout-reads.js';
import { untilDatabaseAnswers } from '../start/await-database.js';
import type { Log } from '../start/log.js';
import { payoutWorkflowId } from '../workflows/contract.js';

/** The task queue of the version without pool ids. */
const QUEUE = 'openpool';
const SCHEDULES = ['payout-round', 'sweep', 'audit', 'recheck', 'reconcile', 'sentinel', 'archive'];

interface Handover {
  readonly client: Client;
  readonly db: Database;
  readonly poolId: string;
  readonly sources: readonly { readonly id: string }[];
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Whether schedules of that version are in Temporal. If so, one of its workers runs, or was stopped a moment ago. */
export async function isEarlierVersionThere(client: Client): Promise<boolean> {
  return (await findSchedule(client, 'sweep')) !== undefined;
}

/** Deletes its schedules and ends its workflows; one for a payout that this ledger does not know is another pool's. */
export async function takeOver(handover: Handover): Promise<void> {
  const { client, sources, log } = handover;
  const schedules = [...SCHEDULES, ...sources.map(({ id }) => `sync/${id}`)];
  for (const scheduleId of schedules) {
    const found = await findSchedule(client, scheduleId);
    if (found === undefined) continue;
    await found.delete();
    log.info({ scheduleId }, 'schedule of an earlier version deleted');
  }
  const running = client.workflow.list({
    query: `TaskQueue = "${QUEUE}" AND ExecutionStatus = "Running"`,
  });
  for await (const { workflowId } of running) await endWorkflow(handover, workflowId);
}

/** Returns that version's schedule of this name; undefined when there is none. */
async function findSchedule(client: Client, scheduleId: string) {
  const handle = client.schedule.getHandle(scheduleId);
  try {
    const { action } = await handle.describe();
    return action.type === 'startWorkflow' && action.taskQueue === QUEUE ? handle : undefined;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

async function endWorkflow(handover: Handover, workflowId: string): Promise<void> {
  const { client, poolId, sources, log } = handover;
  const [kind, id = ''] = workflowId.split('/');
  const isOurs = () => isKnownPayout(handover.db, id);
  if (kind === 'payout' && !(await untilDatabaseAnswers(handover, isOurs))) return;
  const isOfSource = kind === 'sync' || kind === 'backfill';
  if (isOfSource && !sources.some((source) => id.startsWith(source.id))) return;
  const reason =
    kind === 'payout'
      ? `goes on as ${payoutWorkflowId(poolId, id)} in a new version`
      : 'a new version runs the pool: give the order again if it is still wanted';
  try {
    await client.workflow.getHandle(workflowId).terminate(reason);
    log.info({ workflowId }, `workflow of an earlier version ended: ${reason}`);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
