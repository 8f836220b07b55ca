import type { Sender, SendResult } from '../core/payouts/sending/sending.js';
import type { PayoutInput, Unscoped } from '../workflows/contract.js';
import { guarded } from './failure.js';

export type { SendResult };

/** The activity of one payout's saga. */
export function createPayoutActivities(sender: Sender) {
  return {
    sendPayout: guarded(
      ({ payoutId }: Unscoped<PayoutInput>): Promise<SendResult> => sender.send(payoutId),
    ),
  };
}
