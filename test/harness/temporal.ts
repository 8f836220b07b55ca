import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { inject } from 'vitest';

export interface TestTemporal {
  readonly client: Client;
  /** A queue of the test's own, so that files in parallel do not take each other's tasks. */
  readonly taskQueue: string;
  /** A worker with the real workflow bundle and the given activities; stops with `close`. */
  startWorker(activities: object, options?: Partial<WorkerOptions>): Promise<Worker>;
  close(): Promise<void>;
}

/** A client and workers on the tests' real Temporal server. */
export async function connectTestTemporal(
  taskQueue = `test-${randomUUID()}`,
): Promise<TestTemporal> {
  installQuietRuntime();
  const address = inject('temporalAddress');
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const running: { worker: Worker; done: Promise<void> }[] = [];
  return {
    client: new Client({ connection }),
    taskQueue,
    async startWorker(activities, options = {}) {
      const worker = await Worker.create({
        connection: native,
        taskQueue,
        workflowBundle: { codePath: inject('workflowBundlePath') },
        activities,
        ...options,
      });
      running.push({ worker, done: worker.run() });
      return worker;
    },
    async close() {
      for (const { worker } of running) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.all(running.map(({ done }) => done));
      await native.close();
      await connection.close();
    },
  };
}

let isRuntimeInstalled = false;
function installQuietRuntime(): void {
  if (isRuntimeInstalled) return;
  isRuntimeInstalled = true;
  Runtime.install({ logger: new DefaultLogger('ERROR') });
}
