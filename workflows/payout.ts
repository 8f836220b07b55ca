/**
 * The saga of one payout: it takes the step that can be taken now (a nonce, a signature, a broadcast) and sleeps
 * until it is told that the payout stands differently. Postgres decides and remembers; settling goes on whether
 * this saga lives or not, and whoever settles tells it. It sees to it that a payout is taken up, and shows where
 * it stands.
 */
import {
  CancellationScope,
  continueAsNew,
  proxyLocalActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { createPayoutActivities } from '../activities/payouts.js';
import type { PayoutState, Wait } from '../core/payouts/rules/payout.js';
import { SEND_CALL } from './activity-options.js';
import type { PayoutInput, Scoped } from './contract.js';
import { createPayoutView } from './payout-view.js';

const { sendPayout } =
  proxyLocalActivities<Scoped<ReturnType<typeof createPayoutActivities>>>(SEND_CALL);

/** Another process is just signing it. */
const SOON_MS = 2_000;
/** Whatever frees a payout tells its saga; this is for a message that was lost. */
const FALLBACK_MS = 3_600_000;

export interface PayoutOutcome {
  readonly state: PayoutState;
  readonly txHash: string | null;
}

export async function payout(input: PayoutInput): Promise<PayoutOutcome> {
  // A cancelled saga would close while its money is in flight. Stopping a payout is an order, which is
  // refused once anything is signed; terminating is safe, the sweeper starts it again.
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
      // No timer: who settles keeps telling until Temporal has taken the message.
      await view.told();
    } else {
      view.waitFor(standing.wait);
      await view.toldWithin(pauseMs(standing.wait));
    }
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof payout>({ poolId, payoutId });
    }
  }
}

function pauseMs({ code }: Wait): number {
  return code === 'AWAITING_BROADCAST' ? SOON_MS : FALLBACK_MS;
}
