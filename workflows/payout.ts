/**
 * The saga of one payout. It takes the next possible step (nonce, signature, broadcast), then sleeps until it is told
 * that the payout changed. Postgres decides and remembers. The settler follows the transfer whether or not this saga
 * runs, and tells it. So all that depends on the saga is that the payout is begun, and that its state can be seen in
 * Temporal.
 */
import {
  CancellationScope,
  continueAsNew,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { PayoutState } from '../core/payouts/rules/payout.js';
import { SEND_CALL } from './activity-options.js';
import type { Activities } from './activity-types.js';
import type { PayoutInput } from './contract.js';
import { createPayoutView } from './payout-view.js';

const { sendPayout } = proxyLocalActivities<Activities>(SEND_CALL);

/** How long the saga waits, in ms, while another process signs this payout. */
const SOON_MS = 2_000;
/** How long the saga waits at most, in ms. It is told as soon as its payout can go on; this covers a lost message. */
const FALLBACK_MS = 3_600_000;

export interface PayoutOutcome {
  readonly state: PayoutState;
  readonly txHash: string | null;
}

export async function payout(input: PayoutInput): Promise<PayoutOutcome> {
  // Cancellation is ignored: a cancelled saga would close while its money is in flight. A payout is stopped by an
  // order, which is refused once anything is signed. Terminating a saga is safe, because the sweeper starts it again.
  return CancellationScope.nonCancellable(() => drive(input));
}

async function drive({ poolId, payoutId }: PayoutInput): Promise<PayoutOutcome> {
  const view = createPayoutView(payoutId);
  for (;;) {
    const standing = await sendPayout({ poolId, payoutId });
    if (standing.kind === 'closed') {
      const { state, txHash } = standing;
      view.close(state, txHash);
      return { state, txHash };
    }
    if (standing.kind === 'sent') {
      view.sent(standing);
      // No timer is needed: the settler repeats its message until Temporal has taken it.
      await view.told();
    } else {
      view.waitFor(standing.wait);
      const isSoon = standing.wait.code === 'AWAITING_BROADCAST';
      await view.toldWithin(isSoon ? SOON_MS : FALLBACK_MS);
    }
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof payout>({ poolId, payoutId });
    }
  }
}
