/**
 * Replays the histories of the pool's running workflows in this build. A workflow that cannot be replayed stands still from
 * the moment on at which a worker of this build takes it up.
 */
import { Client, WorkflowNotFoundError } from '@temporalio/client';
import { type ReplayResult, Worker } from '@temporalio/worker';
import { counted } from '../../core/base/counted.js';
import { foreignText } from '../../core/base/foreign-text.js';
import { readWorkflowCode } from '../../worker/temporal/workflow-code.js';
import type { Findings } from '../examination.js';
import type { InTemporal } from './temporal.js';

/** The newest of each type are replayed: sagas of one type take the same steps. */
const NEWEST_OF_EACH = 20;
/** At most this many running workflows are listed, to find the newest of each type. */
const MOST_LISTED = 5_000;
/** At most this many failing workflows are named. */
const MOST_NAMED = 10;
const FETCHED_AT_ONCE = 8;

interface Running {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
}

/** @param isAll also those that are not among the newest of their type; takes as long as it takes */
export async function probeReplay(
  { connection, config, poolId }: InTemporal,
  isAll: boolean,
  findings: Findings,
): Promise<void> {
  const { namespace, address } = config.temporal;
  const client = new Client({ connection, namespace });
  const { chosen, running } = await chooseRunning(client, poolId, isAll);
  if (chosen.length === 0) return findings.pass('no workflow of this pool runs now');
  const { workflows, buildId } = await readWorkflowCode();
  const replays = Worker.runReplayHistories(
    { ...workflows, replayName: 'doctor' },
    historiesOf(client, chosen),
  );
  let replayed = 0;
  const failed: ReplayResult[] = [];
  for await (const result of replays) {
    replayed += 1;
    if (result.error !== undefined) failed.push(result);
  }
  for (const { workflowId, error } of failed.slice(0, MOST_NAMED)) {
    const { type = 'workflow' } = chosen.find((one) => one.workflowId === workflowId) ?? {};
    const command = `temporal workflow terminate --address ${address} --namespace ${namespace} --workflow-id ${workflowId} --reason "does not replay"`;
    const what = `the ${type} ${workflowId} does not replay in this build (${buildId}): ${foreignText(error)}; \`${command}\``;
    findings.fail('REPLAY_FAILED', { subject: workflowId, what });
  }
  if (failed.length > MOST_NAMED) {
    const what = `and ${failed.length - MOST_NAMED} more do not replay`;
    findings.fail('REPLAY_FAILED', { what });
  }
  const well = replayed - failed.length;
  if (well > 0) {
    const rest = running > chosen.length ? `; ${running} run, \`--all\` replays all of them` : '';
    findings.pass(
      `${counted(well, 'running workflow')} ${well === 1 ? 'replays' : 'replay'} in this build (${buildId})${rest}`,
    );
  }
}

/** Lists the running workflows of the pool, and chooses the newest of each type. */
async function chooseRunning(client: Client, poolId: string, isAll: boolean) {
  const query = `PoolId = '${poolId.replaceAll("'", "''")}' AND ExecutionStatus = 'Running'`;
  const chosen: Running[] = [];
  const counts = new Map<string, number>();
  let running = 0;
  for await (const { workflowId, runId, type } of client.workflow.list({ query })) {
    running += 1;
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    if (isAll || count <= NEWEST_OF_EACH) chosen.push({ workflowId, runId, type });
    if (!isAll && running >= MOST_LISTED) break;
  }
  return { chosen, running };
}

/** Fetches the histories in small groups, so that few of them are in memory at once. */
async function* historiesOf(client: Client, chosen: readonly Running[]) {
  for (let at = 0; at < chosen.length; at += FETCHED_AT_ONCE) {
    const group = chosen.slice(at, at + FETCHED_AT_ONCE);
    const fetched = await Promise.all(
      group.map(async ({ workflowId, runId }) => {
        const history = await fetchHistory(client, workflowId, runId);
        return history === undefined ? [] : [{ workflowId, history }];
      }),
    );
    yield* fetched.flat();
  }
}

/** Undefined when the workflow ended meanwhile and Temporal keeps it no longer. */
async function fetchHistory(client: Client, workflowId: string, runId: string) {
  try {
    return await client.workflow.getHandle(workflowId, runId).fetchHistory();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
