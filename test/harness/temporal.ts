import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, type Worker } from '@temporalio/worker';
import { inject } from 'vitest';
import { createLanes, runLanes, stopLanes } from '../../worker/temporal/lanes.js';

export interface TestTemporal {
  readonly client: Client;
  /** A queue of the test's own, so that files in parallel do not take each other's tasks. */
  readonly taskQueue: string;
  /** A process's workers with the real workflow bundle and the given activities; they stop with `close`. */
  startWorker(activities: object, options?: { readonly namespace?: string }): Promise<void>;
  close(): Promise<void>;
}

/** A client and workers on the tests' real Temporal server. */
export async function connectTestTemporal(
  taskQueue = `test-${randomUUID()}`,
  address = inject('temporalAddress'),
): Promise<TestTemporal> {
  installQuietRuntime();
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const running: { workers: readonly Worker[]; done: Promise<void> }[] = [];
  return {
    client: new Client({ connection }),
    taskQueue,
    async startWorker(activities, options = {}) {
      const workers = await createLanes({
        connection: native,
        namespace: options.namespace ?? 'default',
        mainQueue: taskQueue,
        workflows: { workflowBundle: { codePath: inject('workflowBundlePath') } },
        activities,
      });
      running.push({ workers, done: runLanes(workers) });
    },
    async close() {
      for (const { workers } of running) stopLanes(workers);
      await Promise.all(running.map(({ done }) => done));
      await native.close();
      await connection.close();
    },
  };
}

let isRuntimeInstalled = false;
/** Before the first native connection of a test file. */
export function installQuietRuntime(): void {
  if (isRuntimeInstalled) return;
  isRuntimeInstalled = true;
  Runtime.install({ logger: new DefaultLogger('ERROR') });
}
