/** Plays a bad deploy: another worker takes some of the sagas' tasks, and fails in all of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { scriptPath } from '../../dev/kit/script.js';
import { laneQueue, payoutWorkflowId, pokeSignal, taskQueueOf } from '../../workflows/contract.js';
import type { StormScene } from './storm-scene.js';

const workflowsPath = scriptPath('test/fixtures/failing-saga.ts');
const MOST_SAGAS = 50;
const TURN_MS = 500;
let bundle: ReturnType<typeof bundleWorkflowCode> | undefined;

/** Runs the bad worker for this long, and returns how many sagas' tasks have failed by then. */
export async function wedgeSagas(scene: StormScene, forMs: number): Promise<string> {
  const { stack, tally, poolId } = scene;
  const logger = new DefaultLogger('ERROR', () => undefined);
  // Without this, the SDK's core would report each failure on standard output, which is for the report alone.
  const telemetryOptions = { logging: { filter: 'ERROR', forward: {} } };
  if (bundle === undefined) Runtime.install({ logger, telemetryOptions });
  bundle ??= bundleWorkflowCode({ workflowsPath, logger });
  const { address } = stack.temporal.current;
  const connection = await NativeConnection.connect({ address });
  try {
    const worker = await Worker.create({
      connection,
      workflowBundle: await bundle,
      taskQueue: laneQueue(taskQueueOf(poolId), 'payouts'),
    });
    let wedged = 0;
    await worker.runUntil(async () => {
      await withClient(address, async (client) => {
        // The pool's workers poll as well and may take every task of one turn, so there are several turns.
        const seen = new Set<string>();
        for (const untilMs = performance.now() + forMs; performance.now() < untilMs; ) {
          await wake(client, poolId);
          await sleep(TURN_MS);
          for (const workflowId of await wedgedSagas(client, poolId)) seen.add(workflowId);
        }
        wedged = seen.size;
      });
    });
    if (wedged > 0) tally.note('sagasWedged', wedged);
    return `${wedged} sagas have failed`;
  } finally {
    await connection.close();
  }
}

async function withClient<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

/** Wakes sagas, and lets any worker take their next tasks, not only the one that has them in its cache. */
async function wake(client: Client, poolId: string): Promise<void> {
  for (const workflowId of await runningSagas(client, poolId)) {
    const execution = { workflowId };
    const sticky = { namespace: 'default', execution };
    await client.workflowService.resetStickyTaskQueue(sticky).catch(() => undefined);
    await client.workflow
      .getHandle(workflowId)
      .signal(pokeSignal)
      .catch(() => undefined);
  }
}

async function wedgedSagas(client: Client, poolId: string): Promise<readonly string[]> {
  const wedged: string[] = [];
  for (const workflowId of await runningSagas(client, poolId)) {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    if ((raw.pendingWorkflowTask?.attempt ?? 0) > 1) wedged.push(workflowId);
  }
  return wedged;
}

async function runningSagas({ workflow }: Client, poolId: string): Promise<readonly string[]> {
  const query = `WorkflowType='payout' AND ExecutionStatus='Running'`;
  const found: string[] = [];
  for await (const { workflowId } of workflow.list({ query, pageSize: MOST_SAGAS })) {
    if (workflowId.startsWith(payoutWorkflowId(poolId, ''))) found.push(workflowId);
    if (found.length >= MOST_SAGAS) break;
  }
  return found;
}
