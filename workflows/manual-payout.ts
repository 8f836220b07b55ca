import { proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { createRoundActivities } from '../activities/round.js';
import { BULK_CALL, PERSON_WAITS } from './activity-options.js';
import type { ManualPayoutInput, ManualPayoutResult } from './contract.js';

type RoundActivities = ReturnType<typeof createRoundActivities>;
const { reserveManual } = proxyActivities<RoundActivities>(PERSON_WAITS);
const { startSagas } = proxyActivities<RoundActivities>(BULK_CALL);

/** One payout that a person asked for: reserved at once, then a saga like any other. */
export async function manualPayout(input: ManualPayoutInput): Promise<ManualPayoutResult> {
  setCurrentDetails(`Manual payout to **${input.payee}**, asked for by ${input.actor}.`);
  // Named by this run: an activity that is tried again finds the payout that it made.
  const result = await reserveManual({ ...input, requestId: workflowInfo().runId });
  await startSagas({ payoutId: result.payoutId });
  return result;
}
