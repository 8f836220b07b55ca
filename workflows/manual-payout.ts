import { setCurrentDetails } from '@temporalio/workflow';
import type { createRoundActivities } from '../activities/round.js';
import { BULK_CALL, onLane, PERSON_WAITS } from './activity-options.js';
import type { ManualPayoutResult, OrderInput, Scoped } from './contract.js';

type RoundActivities = ReturnType<typeof createRoundActivities>;
const { reserveManual } = onLane<Scoped<RoundActivities>>('orders', PERSON_WAITS);
const { startSagas } = onLane<Scoped<RoundActivities>>('orders', BULK_CALL);

/** One payout that a person ordered: reserved at once, then a saga like any other. */
export async function manualPayout(input: OrderInput): Promise<ManualPayoutResult> {
  setCurrentDetails('Reserving the payout.');
  const result = await reserveManual(input);
  await startSagas({ poolId: input.poolId, payoutId: result.payoutId });
  setCurrentDetails(`Reserved as payout ${result.payoutId}.`);
  return result;
}
