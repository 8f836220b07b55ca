import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { createRoundActivities } from '../activities/round.js';
import type { SweepReport } from '../activities/sweep.js';
import { BULK_CALL } from './activity-options.js';
import type { PoolInput, Scoped } from './contract.js';

const { sweepSagas } = proxyActivities<Scoped<ReturnType<typeof createRoundActivities>>>(BULK_CALL);

/**
 * Starts a saga for every open payout that has none: after a terminated saga, a lost Temporal, or a
 * crash between the reservation and the start. One that runs without need is told so, and one whose code
 * fails again and again is ended and started anew.
 */
export async function sweep({ poolId }: PoolInput): Promise<SweepReport> {
  setCurrentDetails('Comparing the open payouts with the sagas that run.');
  const report = await sweepSagas({ poolId });
  const { started, told, stuck } = report;
  const lines = stuck.map(
    ({ workflowId, failure }) => `- **SAGA_STUCK** ${workflowId}: ${failure}`,
  );
  const words = `${started} sagas started, ${told} told, ${stuck.length} stuck.`;
  setCurrentDetails([words, ...lines].join('\n'));
  return report;
}
