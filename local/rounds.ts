import { Client, Connection, ScheduleOverlapPolicy } from '@temporalio/client';
import { ROUND_SCHEDULE_ID } from '../workflows/contract.js';

/** Payout rounds by hand. */
export interface Rounds {
  trigger(): Promise<void>;
  close(): Promise<void>;
}

/** Pauses the schedule of the rounds: from here on they start when told. */
export async function takeOverRounds(temporalAddress: string): Promise<Rounds> {
  const connection = await Connection.connect({ address: temporalAddress });
  const client = new Client({ connection });
  const schedule = client.schedule.getHandle(ROUND_SCHEDULE_ID);
  await schedule.pause('the bounded day triggers its own rounds');
  return {
    trigger: () => schedule.trigger(ScheduleOverlapPolicy.BUFFER_ONE),
    close: () => connection.close(),
  };
}
