import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { NativeConnection } from '@temporalio/worker';
import { inject } from 'vitest';
import { until } from '../../dev/kit/until.js';
import { installQuietRuntime } from './temporal.js';

export interface TestNamespace {
  readonly namespace: string;
  readonly connection: Connection;
  readonly client: Client;
  /** On a connection of the kind that workers have. */
  readonly workerClient: Client;
  close(): Promise<void>;
}

/** A fresh Temporal namespace: schedules and search attributes of other tests stay out of it. */
export async function createTestNamespace(): Promise<TestNamespace> {
  const address = inject('temporalAddress');
  const namespace = `test-${randomUUID()}`;
  const connection = await Connection.connect({ address });
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('3 days'),
  });
  installQuietRuntime();
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection, namespace });
  const workerClient = new Client({ connection: native, namespace });
  // The server's parts learn of a namespace one after the other.
  await until(
    `namespace ${namespace}`,
    async () => {
      await connection.operatorService.listSearchAttributes({ namespace });
      for await (const _ of client.schedule.list()) break;
      return true;
    },
    { withinMs: 30_000 },
  );
  const close = async () => void (await Promise.all([connection.close(), native.close()]));
  return { namespace, connection, client, workerClient, close };
}
