import { Client, Connection, ScheduleOverlapPolicy } from '@temporalio/client';
import { singleWorkflowId } from '../../workflows/contract.js';
import type { Stack } from './stack.js';

/** Starts payout rounds by hand. */
export interface Rounds {
  trigger(): Promise<void>;
  close(): Promise<void>;
}

/** Pauses the schedule of the rounds, so that rounds start only by hand. */
export async function takeOverRounds({
  temporalAddress,
  poolId,
}: Pick<Stack, 'temporalAddress' | 'poolId'>): Promise<Rounds> {
  const connection = await Connection.connect({ address: temporalAddress });
  const client = new Client({ connection });
  const schedule = client.schedule.getHandle(singleWorkflowId(poolId, 'payout-round'));
  await schedule.pause('the bounded day triggers its own rounds');
  return {
    trigger: () => schedule.trigger(ScheduleOverlapPolicy.BUFFER_ONE),
    close: () => connection.close(),
  };
}
