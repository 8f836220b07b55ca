import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { createRoundActivities } from '../activities/round.js';
import { BULK_CALL } from './activity-options.js';

const { startSagas } = proxyActivities<ReturnType<typeof createRoundActivities>>(BULK_CALL);

/**
 * Starts a saga for every open payout that has none: after a terminated saga, a lost Temporal, or a
 * crash between the reservation and the start. A saga that runs is found, not doubled.
 */
export async function sweep(): Promise<{ readonly started: number }> {
  setCurrentDetails('Looking for open payouts without a saga.');
  return startSagas({});
}
