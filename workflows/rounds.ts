/**
 * The two ways in which payouts begin: a round for every payee that is due, or a single payout that a person orders.
 */
import { proxyActivities, setCurrentDetails, uuid4, workflowInfo } from '@temporalio/workflow';
import { BULK_CALL, onLane, PERSON_WAITS } from './activity-options.js';
import type { Activities } from './activity-types.js';
import type { ManualPayoutResult, OrderInput, PoolInput, ReservedRound } from './contract.js';

const { reserveRound, startSagas } = proxyActivities<Activities>(BULK_CALL);

export interface RoundReport extends ReservedRound {
  readonly roundId: string;
}

/** Reserves a payout for every payee that is due, then starts a saga for each. */
export async function payoutRound({ poolId }: PoolInput): Promise<RoundReport> {
  const roundId = uuid4();
  setCurrentDetails('Reserving payouts for the payees that are due.');
  const reserved = await reserveRound({
    poolId,
    roundId,
    workflowId: workflowInfo().workflowId,
  });
  setCurrentDetails(`Reserved ${reserved.payouts} payouts; starting their sagas.`);
  if (reserved.payouts > 0) await startSagas({ poolId, roundId });
  const lines = reserved.leftOut.map(({ payee, words }) => `- left out: ${payee}: ${words}`);
  setCurrentDetails([`${reserved.payouts} payouts reserved and started.`, ...lines].join('\n'));
  return { roundId, ...reserved };
}

const { reserveManual } = onLane<Activities>('orders', PERSON_WAITS);
const ordered = onLane<Activities>('orders', BULK_CALL);

/** Makes one payout that a person ordered: reserves it at once, then starts a saga as for any other. */
export async function manualPayout(input: OrderInput): Promise<ManualPayoutResult> {
  setCurrentDetails('Reserving the payout.');
  const result = await reserveManual(input);
  await ordered.startSagas({ poolId: input.poolId, payoutId: result.payoutId });
  setCurrentDetails(`Reserved as payout ${result.payoutId}.`);
  return result;
}
