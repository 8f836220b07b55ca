/** Reads a pool's schedules from Temporal. */
import { Client, Connection } from '@temporalio/client';
import { taskQueueOf } from '../../workflows/contract.js';

/** The key is the schedule's id; the value names its queue and its interval. */
export type PoolSchedules = ReadonlyMap<string, string>;

export async function readSchedules(address: string, poolId: string): Promise<PoolSchedules> {
  const connection = await Connection.connect({ address });
  try {
    const { schedule } = new Client({ connection });
    const found = new Map<string, string>();
    for await (const { scheduleId } of schedule.list()) {
      if (!scheduleId.startsWith(`${poolId}/`)) continue;
      const { action, spec } = await schedule.getHandle(scheduleId).describe();
      const everyMs = spec.intervals?.map(({ every }) => every).join(', ');
      found.set(scheduleId, `to ${action.taskQueue} every ${everyMs} ms`);
    }
    return found;
  } finally {
    await connection.close();
  }
}

/** Says what has changed. Empty when every schedule is as it was and feeds its own pool. */
export function changedSchedules(
  poolId: string,
  before: PoolSchedules,
  now: PoolSchedules,
): readonly string[] {
  const queue = `to ${taskQueueOf(poolId)} `;
  const ids = [...new Set([...before.keys(), ...now.keys()])];
  return ids.flatMap((id) => {
    const [was, is] = [before.get(id), now.get(id)];
    if (was === is && is?.startsWith(queue)) return [];
    return [`schedule ${id} was ${was ?? 'not there'} and is ${is ?? 'gone'}`];
  });
}
