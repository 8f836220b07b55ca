/** A bad deploy: another worker takes some of the sagas' tasks, and its code fails in all of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
} from '@temporalio/worker';
import { laneQueue, payoutWorkflowId, taskQueueOf } from '../../workflows/contract.js';
import type { StormScene } from './storm.js';

const workflowsPath = fileURLToPath(new URL('../fixtures/failing-saga.ts', import.meta.url));
const MOST_SAGAS = 50;
let bundle: ReturnType<typeof bundleWorkflowCode> | undefined;

/** For so long; counts the sagas whose tasks have failed by then. */
export async function wedgeSagas(scene: StormScene, forMs: number): Promise<string> {
  const { stack, tally, poolId } = scene;
  const logger = new DefaultLogger('ERROR', () => undefined);
  // The report alone goes to standard output, where the SDK's core would tell of every failure.
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
      await sleep(forMs);
      wedged = await countWedged(address, poolId);
    });
    if (wedged > 0) tally.note('sagasWedged', wedged);
    return `${wedged} sagas have failed`;
  } finally {
    await connection.close();
  }
}

async function countWedged(address: string, poolId: string): Promise<number> {
  const connection = await Connection.connect({ address });
  const { workflow } = new Client({ connection });
  try {
    const query = `WorkflowType='payout' AND ExecutionStatus='Running'`;
    let [wedged, seen] = [0, 0];
    for await (const { workflowId } of workflow.list({ query, pageSize: MOST_SAGAS })) {
      if (!workflowId.startsWith(payoutWorkflowId(poolId, ''))) continue;
      const { raw } = await workflow.getHandle(workflowId).describe();
      if ((raw.pendingWorkflowTask?.attempt ?? 0) > 1) wedged += 1;
      seen += 1;
      if (seen >= MOST_SAGAS) break;
    }
    return wedged;
  } finally {
    await connection.close();
  }
}
