import { proxyActivities, setCurrentDetails, uuid4, workflowInfo } from '@temporalio/workflow';
import type { createRoundActivities } from '../activities/round.js';
import { BULK_CALL } from './activity-options.js';

const { reserveRound, startSagas } =
  proxyActivities<ReturnType<typeof createRoundActivities>>(BULK_CALL);

export interface RoundReport {
  readonly roundId: string;
  readonly payouts: number;
  readonly reservedWei: string;
}

/** Reserves a payout for every payee that is due, then starts one saga each. */
export async function payoutRound(): Promise<RoundReport> {
  const roundId = uuid4();
  setCurrentDetails('Reserving payouts for the payees that are due.');
  const reserved = await reserveRound({ roundId, workflowId: workflowInfo().workflowId });
  setCurrentDetails(`Reserved ${reserved.payouts} payouts; starting their sagas.`);
  if (reserved.payouts > 0) await startSagas({ roundId });
  return { roundId, ...reserved };
}
