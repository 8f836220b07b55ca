import type { Address } from '../../base/address.js';
import { formatEth } from '../../base/money.js';

/**
 * The verdict on a transaction that was signed with the wallet's key and whose bytes this ledger does not have.
 * ours: it has a payout's own nonce, destination and amount, so its bytes are ours and were lost.
 * payment: it paid a payee; it is booked as paid, so nobody pays that again.
 * pays-nobody: it paid no payee and no known destination.
 * unclear: it is a call whose effects nobody here can see, or its signature is valid on every chain, so it may be a
 * copy; a person has to check it.
 */
export type ForeignVerdict = 'ours' | 'payment' | 'pays-nobody' | 'unclear';

/** A final transaction of the wallet, as a quorum of endpoints shows it. */
export interface ForeignFacts {
  readonly hash: string;
  readonly nonce: number;
  /** The receiver; null when the transaction created a contract. */
  readonly to: Address | null;
  readonly valueWei: bigint;
  readonly data: string;
  readonly succeeded: boolean;
  /** True when the signature is the wallet's and the signed bytes could be rebuilt from the transaction's fields. */
  readonly hasBytes: boolean;
  /** True when the signature is valid on our chain alone. A signature that names no chain can be copied from any other. */
  readonly isForOurChain: boolean;
}

export interface ForeignContext {
  /** The payout that was signed for the same nonce and is still open. */
  readonly slot: { readonly destination: Address; readonly amountWei: bigint } | undefined;
  readonly isPayee: boolean;
  /** True when a person has examined this very transaction and confirms that it paid nobody of this pool. */
  readonly isVouchedFor: boolean;
}

export function judgeForeign(facts: ForeignFacts, context: ForeignContext): ForeignVerdict {
  const { slot, isPayee, isVouchedFor } = context;
  const isPlain = facts.data === '0x' && facts.to !== null;
  if (!facts.isForOurChain && !isVouchedFor) return 'unclear';
  const isTheTransfer =
    isPlain && facts.to === slot?.destination && facts.valueWei === slot.amountWei;
  if (isTheTransfer && facts.hasBytes && facts.isForOurChain) return 'ours';
  if (!facts.succeeded) return 'pays-nobody';
  if (isPayee && facts.valueWei > 0n) return 'payment';
  return isPlain || isVouchedFor ? 'pays-nobody' : 'unclear';
}

export function describeForeign(facts: ForeignFacts, verdict: ForeignVerdict): string {
  const where = facts.to === null ? 'made a contract' : `to ${facts.to}`;
  const what = `nonce ${facts.nonce}, ${formatEth(facts.valueWei)} ETH ${where}`;
  const doubt = facts.isForOurChain
    ? 'a call whose effects cannot be seen from here'
    : 'a signature that names no chain, or cannot be read, and so may be a copy from another chain';
  const then: Readonly<Record<ForeignVerdict, string>> = {
    ours: 'the transfer that was signed for this nonce; its bytes are kept and it settles by itself',
    payment:
      'a payment to a payee; booked as paid, and an unsigned payout of the payee is cancelled',
    'pays-nobody': facts.succeeded
      ? 'it paid no payee; a payout signed for this nonce is released and paid anew by a later round'
      : 'it failed and paid nobody; a payout signed for this nonce is released',
    unclear:
      `${doubt}: look at ${facts.hash} in an explorer of this chain; ` +
      (facts.isForOurChain
        ? 'if it paid nobody of this pool, name it with --vouch'
        : 'if the key sent it here, name it with --vouch'),
  };
  return `${what}: ${then[verdict]}`;
}
