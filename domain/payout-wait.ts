import { isUnaffordable, refusalIn } from './broadcast-answer.js';
import { feeAboveCap } from './fees.js';
import { ethAndWei, formatGwei } from './money.js';
import type { Wait } from './payout.js';
import { awaitingConfirmations } from './settlement.js';

/** A signed payout's slot, as far as words need it. */
export interface WaitingSlot {
  readonly wallet: string;
  readonly nonce: number;
  readonly sends: number;
  readonly maxFeePerGasWei: bigint;
  /** The amount, and the most that its gas may cost. */
  readonly costWei: bigint;
  /** What an endpoint said when its bytes were last sent. */
  readonly lastAnswer: string | null;
}

/** The chain and the wallet as last seen. */
export interface ChainSight {
  readonly head: number;
  readonly latestNonce: number;
  readonly baseFeeWei: bigint;
  readonly feeCapWei: bigint;
  readonly confirmations: number;
  readonly haltReason: string | null;
  /** The wallet that signed it does not pay any more: nobody raises its fee. */
  readonly isReplaced: boolean;
  /** Of the wallet, as a quorum of endpoints sees it. */
  readonly balanceWei: bigint;
}

/**
 * Why a signed payout waits. `minedAt` is the block in which its nonce was first seen consumed; it
 * makes words, never decisions.
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
    const reason = `signed with nonce ${slot.nonce}; not sent yet`;
    return { code: 'AWAITING_BROADCAST', reason };
  }
  const times = slot.sends === 1 ? 'once' : `${slot.sends} times`;
  const isLow = slot.maxFeePerGasWei < sight.baseFeeWei;
  const refusal = refusalIn(slot.lastAnswer);
  // A fee below the base fee is refused everywhere, and what is done about it says more than the node.
  if (refusal !== null && !isLow) return refusedBytes(slot, sight, { times, refusal });
  const low = isLow ? lowFee(slot, sight.isReplaced) : '';
  const reason = `sent ${times} with nonce ${slot.nonce}; waiting for a block to take it${low}`;
  return { code: 'AWAITING_INCLUSION', reason };
}

/** An endpoint's refusal proves nothing: the bytes are offered again, and the chain decides. */
function refusedBytes(
  { wallet, nonce, costWei }: WaitingSlot,
  { balanceWei }: ChainSight,
  said: { readonly times: string; readonly refusal: string },
): Wait {
  const sent = `sent ${said.times} with nonce ${nonce}, and not taken (${said.refusal})`;
  const holds = `wallet ${wallet} holds ${ethAndWei(balanceWei)}`;
  // The balance comes before the node's words, which are other ones in each client.
  if (balanceWei < costWei) {
    const missing = ethAndWei(costWei - balanceWei);
    return { code: 'WALLET_EMPTY', reason: `${sent}; ${holds}, ${missing} too little: top it up` };
  }
  if (!isUnaffordable(said.refusal)) {
    const reason = `${sent}; it is sent again by itself: check chain.rpcUrls and the caps of \`chain\` if this lasts`;
    return { code: 'BROADCAST_REFUSED', reason };
  }
  const reason =
    `${sent}, although ${holds}, enough for this payout: it goes on by itself when those before it are ` +
    'through; top the wallet up if there are many, and check chain.rpcUrls if this lasts';
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

/** Another wallet pays for the ledger than the one whose key this worker holds. */
export function walletReplaced(own: string, by: string): Wait {
  const reason =
    `this worker holds the key of ${own}, and the ledger pays from ${by} by now: ` +
    'start it with that key; nothing is signed meanwhile';
  return { code: 'WALLET_REPLACED', reason };
}

export function walletHalted(reason: string): Wait {
  return { code: 'WALLET_HALTED', reason: `the wallet is halted: ${reason}` };
}

/** Reserved before its destination became a wallet of the pool, or by an earlier version. */
export function payeeIsWallet(): Wait {
  const reason =
    'its destination is a wallet of the pool itself, and a transfer would only cost gas: cancel it, and take ' +
    'what is pending then with `openpool adjust`';
  return { code: 'PAYEE_IS_WALLET', reason };
}

/** The transfer would burn more than the operator allows for one. */
export function gasAboveCap(neededGas: bigint, cap: bigint): Wait {
  const reason = `the transfer needs ${neededGas} gas, the cap is ${cap}: raise chain.gasLimitCap or wait`;
  return { code: 'GAS_ABOVE_CAP', reason };
}

/** Whoever holds the key gave no usable answer: nothing was signed. */
export function signerUnreachable(message: string): Wait {
  const reason = `${message}; nothing is signed, and it is asked again: look at wallet.remote if this lasts`;
  return { code: 'SIGNER_UNREACHABLE', reason };
}

/** Whoever holds the key answered with a refusal. */
export function signerRefused(message: string): Wait {
  const reason = `${message}; nothing is signed, and it is asked again: look at the signer's log`;
  return { code: 'SIGNER_REFUSED', reason };
}

/** Its nonce is consumed, and the endpoints that answer are too few to say by what. */
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
