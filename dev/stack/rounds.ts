import { Client, Connection, ScheduleOverlapPolicy } from '@temporalio/client';
import { singleWorkflowId } from '../../workflows/contract.js';
import { LOCAL_POOL_ID } from './stack-config.js';

/** Starts payout rounds by hand. */
export interface Rounds {
  trigger(): Promise<void>;
  close(): Promise<void>;
}

/** Pauses the schedule of the rounds, so that rounds start only by hand. */
export async function takeOverRounds(temporalAddress: string): Promise<Rounds> {
  const connection = await Connection.connect({ address: temporalAddress });
  const client = new Client({ connection });
  const schedule = client.schedule.getHandle(singleWorkflowId(LOCAL_POOL_ID, 'payout-round'));
  await schedule.pause('the bounded day triggers its own rounds');
  return {
    trigger: () => schedule.trigger(ScheduleOverlapPolicy.BUFFER_ONE),
    close: () => connection.close(),
  };
}
