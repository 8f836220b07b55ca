/**
 * The saga of one payout: send (allocate a nonce, sign, store, broadcast), then settle (wait until
 * the transaction is deep enough and is the one that was signed). Postgres decides and remembers;
 * this only sees to it that every step is taken in the end, and shows where it stands.
 */
import {
  CancellationScope,
  continueAsNew,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { createPayoutActivities, SettleResult } from '../activities/payout.js';
import { isClosed, type PayoutState, type WaitCode } from '../domain/payout.js';
import { SEND_CALL, SETTLE_CALL } from './activity-options.js';
import type { PayoutInput, Scoped } from './contract.js';
import { createPayoutView, type PayoutView } from './payout-view.js';

type PayoutActivities = ReturnType<typeof createPayoutActivities>;
const { sendPayout } = proxyActivities<Scoped<PayoutActivities>>(SEND_CALL);
const { settlePayout } = proxyActivities<Scoped<PayoutActivities>>(SETTLE_CALL);

/** A wait is looked at again after this long, then ever less often. */
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

export interface PayoutOutcome {
  readonly state: PayoutState;
  readonly txHash: string | null;
}

export async function payout(input: PayoutInput): Promise<PayoutOutcome> {
  const view = createPayoutView(input.payoutId);
  // A cancelled saga would close while its money is in flight. Stopping a payout is an order, which is
  // refused once anything is signed; terminating is safe, the sweeper starts it again.
  return CancellationScope.nonCancellable(() => drive(input.poolId, view));
}

async function drive(poolId: string, view: PayoutView): Promise<PayoutOutcome> {
  let pauseMs = FIRST_PAUSE_MS;
  while (!isClosed(view.state)) {
    const sent = await sendPayout({ poolId, payoutId: view.payoutId });
    if (sent.kind === 'closed') view.close(sent.state, view.txHash);
    if (sent.kind === 'waiting') {
      view.waitFor(sent.wait);
      const poked = await view.pause(pauseMs);
      pauseMs = poked ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      await continueWhenLong(poolId, view);
    }
    if (sent.kind === 'sent') {
      view.sent(sent);
      await settle(poolId, view);
    }
  }
  return { state: view.state, txHash: view.txHash };
}

/** Returns when the payout has ended, or when the ledger knows of no signature for it (an older backup). */
async function settle(poolId: string, view: PayoutView): Promise<void> {
  let knownWaitCode: WaitCode | null = null;
  for (;;) {
    const result: SettleResult = await settlePayout({
      poolId,
      payoutId: view.payoutId,
      knownWaitCode,
    });
    if (result.kind === 'closed') view.close(result.state, result.txHash);
    if (result.kind !== 'waiting') return;
    knownWaitCode = result.wait.code;
    view.waitFor(result.wait);
    await continueWhenLong(poolId, view);
  }
}

async function continueWhenLong(poolId: string, view: PayoutView): Promise<void> {
  if (!workflowInfo().continueAsNewSuggested) return;
  await continueAsNew<typeof payout>({ poolId, payoutId: view.payoutId });
}
