import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { inject } from 'vitest';
import { waitUntil } from '../../local/process.js';

export interface TestNamespace {
  readonly namespace: string;
  readonly connection: Connection;
  readonly client: Client;
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
  const client = new Client({ connection, namespace });
  // The server's parts learn of a namespace one after the other.
  await waitUntil({
    what: `namespace ${namespace}`,
    timeoutMs: 30_000,
    intervalMs: 100,
    ready: async () => {
      await connection.operatorService.listSearchAttributes({ namespace });
      for await (const _ of client.schedule.list()) break;
      return true;
    },
  });
  return { namespace, connection, client, close: () => connection.close() };
}
