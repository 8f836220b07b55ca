import type { Address } from '../../base/address.js';
import type { PayeeVerdicts } from './payee-rule.js';

/**
 * reserved: promised, nothing signed; hold and cancel are possible.
 * signed: it has a nonce and signed bytes, and can no longer be held or cancelled.
 * reopened: it was paid, and a reorg deeper than the confirmations took that back; the same bytes are sent again.
 * paid: the transfer succeeded. refused: the destination did not accept it. failed: it ran out of gas for good.
 * cancelled: it ended before anything could pay it. The moves between the states are in payout-machine.ts.
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

/** The states of an open payout: its money is promised and not settled yet. */
export const OPEN_STATES = ['reserved', 'signed', 'reopened'] as const satisfies PayoutState[];
/** The states of an open payout whose transfer is signed, so its money can leave the wallet at any moment. */
export const SIGNED_STATES = ['signed', 'reopened'] as const satisfies PayoutState[];
/**
 * The states in which a payout keeps its payee from getting another one. A reopened payout does not, because its
 * payee may already have a newer one.
 */
export const BLOCKING_STATES = ['reserved', 'signed'] as const satisfies PayoutState[];

export function isClosed(state: PayoutState): boolean {
  return !OPEN_STATES.some((open) => open === state);
}

/** The codes of why a payout waits; docs/operations.md has an entry for each. */
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
  'NOT_INVITED',
  'NOT_ADMITTED',
  'HELD_BY_POLICY',
  'PAUSED_BY_PAYEE',
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

/** Whether this code is an ordinary wait for the chain and not trouble. */
export function isProgress(code: WaitCode): boolean {
  return PROGRESS.includes(code);
}

/** Why a payout waits: a code, and a sentence with the current numbers that an operator understands. */
export interface Wait {
  readonly code: WaitCode;
  readonly reason: string;
}

/** The state of a payout after an attempt to send it. */
export type SendResult =
  | {
      readonly kind: 'sent';
      readonly nonce: number;
      readonly txHash: string;
      /** Why it is not settled yet, as stored in Postgres. */
      readonly wait: Wait | null;
    }
  | { readonly kind: 'waiting'; readonly wait: Wait }
  | { readonly kind: 'closed'; readonly state: PayoutState; readonly txHash: string | null };

/** An open payout that keeps its payee from getting another one. */
export interface PayoutUnderWay {
  readonly id: string;
  readonly state: PayoutState;
  readonly waitCode: WaitCode | null;
  readonly waitReason: string | null;
}

/** The facts about a payee that decide whether it is paid, added up over all of its worker rows. */
export interface PayeeStanding {
  readonly payee: Address;
  readonly pendingWei: bigint;
  readonly underWay: PayoutUnderWay | null;
  readonly unpayableReason: string | null;
  /** True when its address is a wallet that pays or has paid for this ledger. */
  readonly isWallet: boolean;
  /** When the payee's last payout was reserved. */
  readonly lastPayoutAt: Date | null;
  readonly verdicts: PayeeVerdicts;
  /** What its own gas share is measured by; null when it has none of its own. */
  readonly gas: OwnGas | null;
}

/** What decides whether gas is cheap enough for a payee with a gas share of its own. */
export interface OwnGas {
  /** The gas that a transfer to the payee took last, or takes at least. */
  readonly transferGas: bigint;
  /** What failed transfers to the payee have cost since it was last paid. */
  readonly burntGasWei: bigint;
  /** Since when the pending amount has been at the payee's threshold; null while it is below. */
  readonly ripeSince: Date | null;
}
