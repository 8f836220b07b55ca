import type { Address } from '../../base/address.js';
import type { Inclusion } from '../../chain/rules/receipt.js';
import type { Wait } from './payout.js';
import { awaitingConfirmations, awaitingFinality, awaitingOperator } from './waits.js';

/** A nonce slot that the chain may have consumed, with what was signed for it. */
interface SlotFacts {
  readonly wallet: Address;
  readonly destination: Address;
  readonly attempts: readonly { readonly hash: string; readonly gasLimit: bigint }[];
}

interface SettlementRules {
  readonly confirmations: number;
  readonly finalityConfirmations: number;
  readonly gasLimitCap: bigint;
  readonly head: number;
  /** How many endpoints there are. A single one is enough to accept a payment, but for a failure an operator must confirm it. */
  readonly endpoints: number;
}

export type SettlementVerdict =
  | { readonly kind: 'settled'; readonly inclusion: Inclusion }
  | { readonly kind: 'refused'; readonly inclusion: Inclusion; readonly reason: string }
  | { readonly kind: 'out-of-gas'; readonly inclusion: Inclusion; readonly nextGasLimit: bigint }
  | { readonly kind: 'waiting'; readonly wait: Wait; readonly untilHead: number }
  /** The chain shows a transaction that our signed bytes cannot have caused. */
  | { readonly kind: 'mismatch'; readonly reason: string }
  /** No endpoint shows any of our attempts, which proves nothing. */
  | { readonly kind: 'unknown' };

/** A verdict that ends the slot. */
export type FinalVerdict = Extract<SettlementVerdict, { readonly inclusion: Inclusion }>;

/** Decides the outcome of a slot from what the chain shows about its attempts. */
export function decideSettlement(
  slot: SlotFacts,
  inclusions: readonly Inclusion[],
  rules: SettlementRules,
): SettlementVerdict {
  const [inclusion, second] = inclusions;
  if (inclusion === undefined) return { kind: 'unknown' };
  if (second !== undefined) {
    const reason = `both ${inclusion.hash} and ${second.hash} are said to be mined under one nonce`;
    return { kind: 'mismatch', reason };
  }
  const attempt = slot.attempts.find(({ hash }) => hash === inclusion.hash);
  if (
    attempt === undefined ||
    inclusion.from !== slot.wallet ||
    inclusion.to !== slot.destination
  ) {
    const shown = `from ${inclusion.from} to ${inclusion.to ?? 'nobody'}`;
    return { kind: 'mismatch', reason: `${inclusion.hash} is said to go ${shown}` };
  }
  if (inclusion.succeeded) {
    if (inclusion.depth !== 'shallow') return { kind: 'settled', inclusion };
    return {
      kind: 'waiting',
      wait: awaitingConfirmations(inclusion.blockNumber, rules),
      untilHead: inclusion.blockNumber + rules.confirmations - 1,
    };
  }
  return decideFailure(inclusion, attempt.gasLimit, rules);
}

function decideFailure(
  inclusion: Inclusion,
  gasLimit: bigint,
  rules: SettlementRules,
): SettlementVerdict {
  const ranOut = inclusion.gasUsed >= gasLimit;
  const what = ranOut ? `ran out of gas (limit ${gasLimit})` : 'was refused by its destination';
  if (inclusion.depth !== 'final') {
    // A reorg could still make it succeed, so its amount stays reserved until the failure is final.
    const finalAt = inclusion.blockNumber + rules.finalityConfirmations - 1;
    const missing = Math.max(finalAt - rules.head, 1);
    const wait = awaitingFinality(inclusion.hash, what, missing);
    return { kind: 'waiting', wait, untilHead: finalAt };
  }
  const reason = `transaction ${inclusion.hash} in block ${inclusion.blockNumber} ${what}`;
  if (rules.endpoints < 2) {
    // Releasing the amount makes a second payment possible, and the answer of one endpoint is not enough for that.
    const wait = awaitingOperator(reason);
    return { kind: 'waiting', wait, untilHead: Number.MAX_SAFE_INTEGER };
  }
  if (!ranOut || gasLimit >= rules.gasLimitCap) return { kind: 'refused', inclusion, reason };
  const doubled = gasLimit * 2n;
  const nextGasLimit = doubled < rules.gasLimitCap ? doubled : rules.gasLimitCap;
  return { kind: 'out-of-gas', inclusion, nextGasLimit };
}
