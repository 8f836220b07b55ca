/** The sentences that say why a payout waits or would wait. Other files decide whether it does. */
import { ethAndWei, formatGwei } from '../../base/money.js';
import { isUnaffordable, refusalIn } from '../../chain/rules/broadcast-answer.js';
import type { Wait } from './payout.js';

/** The facts about a signed transfer that its sentence needs. */
export interface WaitingSlot {
  readonly wallet: string;
  readonly nonce: number;
  readonly sends: number;
  readonly maxFeePerGasWei: bigint;
  /** The amount plus the highest possible cost of its gas. */
  readonly costWei: bigint;
  /** The endpoint's reply when the signed transaction was last sent; null when no reply is recorded. */
  readonly lastAnswer: string | null;
}

/** The last known state of the chain and the wallet. */
export interface ChainSight {
  readonly head: number;
  readonly latestNonce: number;
  readonly baseFeeWei: bigint;
  readonly feeCapWei: bigint;
  readonly confirmations: number;
  readonly haltReason: string | null;
  /** True when the wallet that signed it no longer pays, so nobody raises its fee. */
  readonly isReplaced: boolean;
  /** The wallet's balance according to a quorum of endpoints. */
  readonly balanceWei: bigint;
}

/**
 * Says why a signed payout waits. `minedAt` is the block in which its nonce was first seen consumed; it is only used
 * to count the confirmations in the sentence.
 */
export function describeWait(
  slot: WaitingSlot,
  sight: ChainSight,
  minedAt: number | undefined,
): Wait {
  if (slot.nonce < sight.latestNonce) return awaitingConfirmations(minedAt ?? sight.head, sight);
  if (sight.haltReason !== null) return walletHalted(sight.haltReason);
  if (sight.baseFeeWei > sight.feeCapWei) return feeAboveCap(sight.baseFeeWei, sight.feeCapWei);
  if (slot.sends === 0) {
    return { code: 'AWAITING_BROADCAST', reason: `signed with nonce ${slot.nonce}; not sent yet` };
  }
  const times = slot.sends === 1 ? 'once' : `${slot.sends} times`;
  const isLow = slot.maxFeePerGasWei < sight.baseFeeWei;
  const refusal = refusalIn(slot.lastAnswer);
  // Every node refuses a fee below the base fee, so say what is done about it instead of quoting the node.
  if (refusal !== null && !isLow) return refusedBytes(slot, sight, { times, refusal });
  const low = isLow ? lowFee(slot, sight.isReplaced) : '';
  const reason = `sent ${times} with nonce ${slot.nonce}; waiting for a block to take it${low}`;
  return { code: 'AWAITING_INCLUSION', reason };
}

export function awaitingConfirmations(
  blockNumber: number,
  rules: { readonly confirmations: number; readonly head: number },
): Wait {
  const missing = Math.max(blockNumber + rules.confirmations - 1 - rules.head, 1);
  const noun = missing === 1 ? 'confirmation' : 'confirmations';
  return { code: 'AWAITING_CONFIRMATIONS', reason: `waiting for ${missing} more ${noun}` };
}

/** `what` says how the transaction failed; a reorg could still make it succeed. */
export function awaitingFinality(hash: string, what: string, missingBlocks: number): Wait {
  const reason =
    `transaction ${hash} ${what}; its hold is released when that is final, ` +
    `in ${missingBlocks} more blocks`;
  return { code: 'AWAITING_FINALITY', reason };
}

export function awaitingOperator(failure: string): Wait {
  const reason =
    `${failure}, says the only RPC endpoint: look in an explorer, then ` +
    '`openpool payout release <id> --reason …`';
  return { code: 'AWAITING_OPERATOR', reason };
}

export const SIGNED_ELSEWHERE: Wait = {
  code: 'AWAITING_BROADCAST',
  reason: 'another process is signing it',
};

export function payoutHeld(holdReason: string): Wait {
  return { code: 'PAYOUT_HELD', reason: `held by an operator: ${holdReason}` };
}

export function feeAboveCap(baseFeeWei: bigint, capWei: bigint): Wait {
  const reason =
    `fee cap ${formatGwei(capWei)} gwei is below base fee ${formatGwei(baseFeeWei)} gwei: ` +
    'raise chain.maxFeePerGas or wait';
  return { code: 'FEE_ABOVE_CAP', reason };
}

/**
 * An endpoint refused the payout's bytes. That proves nothing: the same bytes are sent again, and the chain decides.
 */
function refusedBytes(
  { wallet, nonce, costWei }: WaitingSlot,
  { balanceWei }: ChainSight,
  said: { readonly times: string; readonly refusal: string },
): Wait {
  const sent = `sent ${said.times} with nonce ${nonce}, and not taken (${said.refusal})`;
  const holds = `wallet ${wallet} holds ${ethAndWei(balanceWei)}`;
  // Each client words its refusal differently, so compare the balance first.
  if (balanceWei < costWei) {
    const missing = ethAndWei(costWei - balanceWei);
    return { code: 'WALLET_EMPTY', reason: `${sent}; ${holds}, ${missing} too little: top it up` };
  }
  const reason = isUnaffordable(said.refusal)
    ? `${sent}, although ${holds}, enough for this payout: it goes on by itself when those before it are ` +
      'through; top the wallet up if there are many, and check chain.rpcUrls if this lasts'
    : `${sent}; it is sent again by itself: check chain.rpcUrls and the caps of \`chain\` if this lasts`;
  return { code: 'BROADCAST_REFUSED', reason };
}

function lowFee(slot: WaitingSlot, isReplaced: boolean): string {
  if (!isReplaced) return '; its fee is below the base fee and is raised soon';
  const fee = formatGwei(slot.maxFeePerGasWei);
  return (
    `; its fee of ${fee} gwei is below the base fee and nobody raises it, because its wallet ` +
    `${slot.wallet} was replaced: wait for a lower base fee, or \`openpool wallet replace\` back to it, ` +
    'bump, and replace it again. Without its key there is nothing but to wait: what is signed stays good, ' +
    'and paying it anew would pay twice'
  );
}

export function walletReplaced(own: string, by: string): Wait {
  const reason =
    `this worker holds the key of ${own}, and the ledger pays from ${by} by now: ` +
    'start it with that key; nothing is signed meanwhile';
  return { code: 'WALLET_REPLACED', reason };
}

export function walletHalted(reason: string): Wait {
  return { code: 'WALLET_HALTED', reason: `the wallet is halted: ${reason}` };
}

/** The destination became a wallet of the pool after the reservation, or an earlier version reserved the payout. */
export const PAYEE_IS_WALLET: Wait = {
  code: 'PAYEE_IS_WALLET',
  reason:
    'its destination is a wallet of the pool itself, and a transfer would only cost gas: cancel it, and take ' +
    'what is pending then with `openpool adjust`',
};

export function gasAboveCap(neededGas: bigint, cap: bigint): Wait {
  const reason = `the transfer needs ${neededGas} gas, the cap is ${cap}: raise chain.gasLimitCap or wait`;
  return { code: 'GAS_ABOVE_CAP', reason };
}

/** A payout and what its gas costs. */
export interface PayoutGas {
  /** Null for a payout that is not reserved yet. */
  readonly id: string | null;
  readonly amountWei: bigint;
  /** The cost of its gas at the current price. */
  readonly gasCostWei: bigint;
  /** What failed transfers to this payee have cost since the payee was last paid. */
  readonly burntGasWei: bigint;
  /** The gas share of the payee's own terms, in basis points; null when it has none, or it holds nothing back any more. */
  readonly ownGasShareBps: number | null;
}

export function gasShareAboveCap(
  { id, amountWei, gasCostWei, burntGasWei }: PayoutGas,
  limit: {
    readonly shareBps: number;
    /** Whether the limit is that of the payee's own terms and not the pool's. */
    readonly isOwn: boolean;
    readonly fitsWithCheaperGas: boolean;
  },
): Wait {
  const burnt =
    burntGasWei === 0n ? '' : `, and failed transfers to it have cost ${ethAndWei(burntGasWei)}`;
  const later =
    id === null ? 'a payout of more may fit' : 'cancel it, and a later payout of more may fit';
  const hope = limit.fitsWithCheaperGas ? 'it goes on when gas is cheaper' : later;
  const approved = id === null ? '' : `, or it goes on after ${approveCommand(id)}`;
  const reason =
    `its gas would cost ${ethAndWei(gasCostWei)} now${burnt}: more than ` +
    `${limit.isOwn ? "the gas share of the payee's terms" : 'pool.maxGasShare'} (${limit.shareBps / 100}%) of ${ethAndWei(amountWei)}: ` +
    `${hope}${approved}`;
  return { code: 'GAS_SHARE_ABOVE_CAP', reason };
}

/** `id` is null for a payout that is not reserved yet. */
export function payoutAboveCap(id: string | null, amountWei: bigint, maxPayoutWei: bigint): Wait {
  const above = `${ethAndWei(amountWei)} is more than pool.maxPayout, ${ethAndWei(maxPayoutWei)}`;
  const help =
    id === null
      ? 'it would wait for an approval'
      : `${approveCommand(id)} lets it go, cancel ends it`;
  return { code: 'PAYOUT_ABOVE_CAP', reason: `${above}: ${help}` };
}

const approveCommand = (id: string): string => `\`openpool payout approve ${id} --reason …\``;

export function amountAboveDay(
  id: string | null,
  amountWei: bigint,
  maxPaidPerDayWei: bigint,
): Wait {
  const above = `${ethAndWei(amountWei)} alone is more than ${dayCap(maxPaidPerDayWei)}`;
  const help =
    id === null
      ? 'it would wait until that is raised'
      : 'raise it and restart the workers, or cancel it';
  return { code: 'DAILY_CAP_REACHED', reason: `${above}: ${help}` };
}

const dayCap = (maxPaidPerDayWei: bigint): string =>
  `pool.maxPaidPerDay, ${ethAndWei(maxPaidPerDayWei)}`;

export function dayUsedUp(
  amountWei: bigint,
  maxPaidPerDayWei: bigint,
  day: { readonly usedWei: bigint; readonly nextFreeAt: Date | null },
): Wait {
  const next = day.nextFreeAt === null ? '' : `, from ${day.nextFreeAt.toISOString()} on`;
  const reason =
    `${ethAndWei(day.usedWei)} left in the last 24 hours or are on the way, and with these ` +
    `${ethAndWei(amountWei)} that is more than ${dayCap(maxPaidPerDayWei)}: it goes on by itself as the day passes${next}`;
  return { code: 'DAILY_CAP_REACHED', reason };
}

export function walletEmpty(
  wallet: { readonly address: string; readonly balanceWei: bigint; readonly keepWei: bigint },
  missingWei: bigint,
): Wait {
  const reason =
    `wallet ${wallet.address} holds ${ethAndWei(wallet.balanceWei)}, ` +
    `${ethAndWei(missingWei)} too little for this payout with its gas, what is under way and ` +
    `the ${ethAndWei(wallet.keepWei)} to keep: top it up`;
  return { code: 'WALLET_EMPTY', reason };
}

export function walletBelowPayout(address: string, balanceWei: bigint): Wait {
  const holds = `wallet ${address} holds ${ethAndWei(balanceWei)}`;
  return { code: 'WALLET_EMPTY', reason: `${holds}, too little for this payout: top it up` };
}

/** This sentence is for a payout that is not reserved yet. */
export function wouldEmptyWallet(freeWei: bigint): Wait {
  const free = `the wallet has ${ethAndWei(freeWei > 0n ? freeWei : 0n)} to spend, as it was seen last`;
  return { code: 'WALLET_EMPTY', reason: `${free}: it would wait until the wallet is topped up` };
}

export function signerUnreachable(message: string): Wait {
  const reason = `${message}; nothing is signed, and it is asked again: look at wallet.remote if this lasts`;
  return { code: 'SIGNER_UNREACHABLE', reason };
}

export function signerRefused(message: string): Wait {
  const reason = `${message}; nothing is signed, and it is asked again: look at the signer's log`;
  return { code: 'SIGNER_REFUSED', reason };
}

export function tooFewAgree(quorum: number, faults: readonly string[]): Wait {
  const why = faults.length === 0 ? '' : ` (${faults.join('; ')})`;
  const reason =
    `it counts as done once ${quorum} RPC endpoint${quorum === 1 ? ' has' : 's have'} seen its receipt, ` +
    `and fewer have${why}: look at chain.rpcUrls if this lasts`;
  return { code: 'RPC_UNREACHABLE', reason };
}

export function rpcUnreachable(message: string): Wait {
  const reason = `the chain cannot be asked (${message}); nothing is decided until it answers`;
  return { code: 'RPC_UNREACHABLE', reason };
}

/** The endpoint that estimated the transfer says that the wallet is empty, but a quorum sees enough in it. */
export const estimateContradicted = (message: string, agreedWei: bigint): Wait =>
  rpcUnreachable(`${message}, although a quorum sees ${ethAndWei(agreedWei)}`);

/** This wallet was named to pay a moment ago, and the earlier wallets are only compared with the chain at the next try. */
export const WALLETS_NOT_COMPARED = rpcUnreachable(
  'it was not asked yet what the wallets have sent that paid before',
);

/** The first check showed more nonces than the ledger handed out, and the next one did not. */
export const NONCE_NOT_CONFIRMED = rpcUnreachable(
  'it answered with a nonce that the wallet cannot have',
);

/** The rest are reasons of halts. `walletHalted` shows them for every payout that waits for the halt to end. */
export const keyUsedElsewhere = (address: string, chainNonce: number, nextNonce: number): string =>
  `the chain has used ${chainNonce} nonces of ${address}, this ledger knows of ${nextNonce}: the key was used elsewhere`;

export const beforeAnotherPays = (reason: string): string =>
  `${reason}; another wallet is to pay from now on`;

export const notBookedYet = (address: string, nonce: number): string =>
  `what ${address} has sent from nonce ${nonce} on is not booked yet`;

export const signerGaveOther = (payoutId: string, fault: string): string =>
  `the signer was given payout ${payoutId} and gave something else: ${fault}`;

interface SlotOfPayout {
  readonly nonce: number;
  readonly payoutId: string;
}

export const transactionMismatch = ({ nonce, payoutId }: SlotOfPayout, reason: string): string =>
  `nonce ${nonce}, payout ${payoutId}: ${reason}`;

export const nonceTaken = ({ nonce, payoutId }: SlotOfPayout): string =>
  `nonce ${nonce} was used by a transaction that is not ours, payout ${payoutId} ` +
  `was signed for it: stop whatever else uses the key, then \`openpool wallet adopt\` books what it paid`;
