/** Who polls a task queue, as Temporal remembers it: for some minutes after the last poll. */
import type { ConnectionLike } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';

/** temporal.api.enums.v1.TaskQueueType */
const KINDS = { workflow: 1, activity: 2 } as const;

export interface Poller {
  readonly identity: string;
  /** When it began its last poll, by Temporal's clock. */
  readonly polledMs: number;
}

export async function pollersOf(
  connection: ConnectionLike,
  asked: {
    readonly namespace: string;
    readonly queue: string;
    readonly kind: keyof typeof KINDS;
  },
): Promise<readonly Poller[]> {
  const { namespace, queue, kind } = asked;
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType: KINDS[kind],
  });
  return (pollers ?? []).map(({ identity, lastAccessTime }) => ({
    identity: identity ?? '',
    polledMs: lastAccessTime == null ? 0 : tsToMs(lastAccessTime),
  }));
}
