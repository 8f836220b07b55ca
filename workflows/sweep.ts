import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { createRoundActivities } from '../activities/round.js';
import { BULK_CALL } from './activity-options.js';
import type { PoolInput, Scoped } from './contract.js';

const { startSagas } = proxyActivities<Scoped<ReturnType<typeof createRoundActivities>>>(BULK_CALL);

/**
 * Starts a saga for every open payout that has none: after a terminated saga, a lost Temporal, or a
 * crash between the reservation and the start. A saga that runs is found, not doubled.
 */
export async function sweep({ poolId }: PoolInput): Promise<{ readonly started: number }> {
  setCurrentDetails('Looking for open payouts without a saga.');
  return startSagas({ poolId });
}
