import type { Address } from '../../base/address.js';

/**
 * reserved: promised, nothing signed; hold and cancel are possible.
 * signed: a nonce is taken and bytes exist; from here it only goes forward.
 * reopened: was paid, and a reorg deeper than the confirmations took it back; its same bytes go out again.
 * paid: ended. refused: its destination did not take it. failed: it ran out of gas for good. cancelled: given
 * up before anything could pay it. How one leads to another is in payout-machine.ts.
 */
export const PAYOUT_STATES = [
  'reserved',
  'signed',
  'reopened',
  'paid',
  'refused',
  'failed',
  'cancelled',
] as const;
export type PayoutState = (typeof PAYOUT_STATES)[number];

/** An open payout: money is promised and not settled yet. */
export const OPEN_STATES = ['reserved', 'signed', 'reopened'] as const satisfies PayoutState[];
/** An open payout whose transfer is signed: its money can leave the wallet at any moment. */
export const SIGNED_STATES = ['signed', 'reopened'] as const satisfies PayoutState[];
/**
 * An open payout that keeps its payee from getting another one. A reopened one does not, because its payee may
 * have a newer one already.
 */
export const BLOCKING_STATES = ['reserved', 'signed'] as const satisfies PayoutState[];

/** Whether a payout in this state has ended. */
export function isClosed(state: PayoutState): boolean {
  return !OPEN_STATES.some((open) => open === state);
}

/** Why a payout waits; docs/operations.md has an entry for each. */
export const WAIT_CODES = [
  'PAYOUT_HELD',
  'WALLET_HALTED',
  'WALLET_EMPTY',
  'FEE_ABOVE_CAP',
  'GAS_ABOVE_CAP',
  'PAYOUT_ABOVE_CAP',
  'DAILY_CAP_REACHED',
  'GAS_SHARE_ABOVE_CAP',
  'RPC_UNREACHABLE',
  'PAYEE_IS_WALLET',
  'SIGNER_UNREACHABLE',
  'SIGNER_REFUSED',
  'WALLET_REPLACED',
  'AWAITING_BROADCAST',
  'BROADCAST_REFUSED',
  'AWAITING_INCLUSION',
  'AWAITING_CONFIRMATIONS',
  'AWAITING_FINALITY',
  'AWAITING_OPERATOR',
] as const;
export type WaitCode = (typeof WAIT_CODES)[number];

const PROGRESS: readonly WaitCode[] = [
  'AWAITING_BROADCAST',
  'AWAITING_INCLUSION',
  'AWAITING_CONFIRMATIONS',
  'AWAITING_FINALITY',
];

/** Whether this is how every payout waits for the chain, and no trouble. */
export function isProgress(code: WaitCode): boolean {
  return PROGRESS.includes(code);
}

/** Why a payout waits, in words an operator understands, with the numbers at hand. */
export interface Wait {
  readonly code: WaitCode;
  readonly reason: string;
}

/** How a payout stands after an attempt to send it. */
export type SendResult =
  | {
      readonly kind: 'sent';
      readonly nonce: number;
      readonly txHash: string;
      /** Why it is not settled yet, as Postgres shows it. */
      readonly wait: Wait | null;
    }
  | { readonly kind: 'waiting'; readonly wait: Wait }
  | { readonly kind: 'closed'; readonly state: PayoutState; readonly txHash: string | null };

/** What a payee has, added up over all its worker rows, as the decision to pay sees it. */
export interface PayeeStanding {
  readonly payee: Address;
  readonly pendingWei: bigint;
  readonly hasOpenPayout: boolean;
  readonly unpayableReason: string | null;
  /** Its address is a wallet that pays for this ledger, or did. */
  readonly isWallet: boolean;
  /** When the payee's last payout was reserved. */
  readonly lastPayoutAt: Date | null;
}
