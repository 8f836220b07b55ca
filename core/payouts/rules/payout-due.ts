import { ethAndWei } from '../../base/money.js';
import type { PayeeStanding, PayoutUnderWay } from './payout.js';

export interface PayoutTerms {
  readonly thresholdWei: bigint;
  readonly minIntervalMs: number;
}

type NotDueCode =
  | 'NOTHING_PENDING'
  | 'NEGATIVE'
  | 'OPEN_PAYOUT'
  | 'UNPAYABLE'
  | 'PAYEE_IS_WALLET'
  | 'BELOW_THRESHOLD'
  | 'TOO_SOON';

/** The reason shown for a payee whose address is a wallet of the pool itself, which is never paid. */
export const OWN_WALLET_WORDS =
  'this address is a wallet of the pool itself: a transfer would only cost gas; take what is pending with `openpool adjust`';

export type DueVerdict =
  | { readonly due: true }
  | { readonly due: false; readonly code: NotDueCode; readonly reason: string };

/** Decides whether a payee is paid now, and says why not. */
export function decideDue(standing: PayeeStanding, terms: PayoutTerms, now: Date): DueVerdict {
  const no = (code: NotDueCode, reason: string): DueVerdict => ({ due: false, code, reason });
  const pending = ethAndWei(standing.pendingWei);
  if (standing.underWay !== null) return no('OPEN_PAYOUT', underWayWords(standing.underWay));
  if (standing.isWallet) return no('PAYEE_IS_WALLET', OWN_WALLET_WORDS);
  if (standing.unpayableReason !== null) return no('UNPAYABLE', standing.unpayableReason);
  if (standing.pendingWei < 0n)
    return no('NEGATIVE', `${pending} pending: the payee owes the pool`);
  if (standing.pendingWei === 0n) return no('NOTHING_PENDING', 'nothing is pending');
  if (standing.pendingWei < terms.thresholdWei) {
    const threshold = ethAndWei(terms.thresholdWei);
    return no('BELOW_THRESHOLD', `${pending} pending is below the threshold of ${threshold}`);
  }
  const dueAtMs = (standing.lastPayoutAt?.getTime() ?? -Infinity) + terms.minIntervalMs;
  if (now.getTime() < dueAtMs) {
    return no('TOO_SOON', `the minimum interval ends at ${new Date(dueAtMs).toISOString()}`);
  }
  return { due: true };
}

function underWayWords({ id, state, waitCode, waitReason }: PayoutUnderWay): string {
  const words = `a payout is already under way: ${id}, ${state}`;
  return waitCode === null ? words : `${words}, waits with ${waitCode}: ${waitReason ?? ''}`;
}
