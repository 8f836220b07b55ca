/** Can the pool pay what it owes? What it owes, what it holds, and how much should be in the wallet for the next week. */
import { largerWei } from '../../base/money.js';

export interface SolvencyFacts {
  readonly pendingWei: bigint;
  readonly reservedWei: bigint;
  /** What of the reserved was mined at the wallet's balance, and is not settled yet: it has left the wallet. */
  readonly leftWei: bigint;
  /** Fees of jobs that nobody is credited for yet: at most this becomes owed. */
  readonly unattributedWei: bigint;
  /** What the paying wallet holds, as the chain showed it last; null before that. */
  readonly walletWei: bigint | null;
  /** What never leaves the wallet. */
  readonly keepInWalletWei: bigint;
  /** What the pool holds elsewhere. `untold`: no place is configured. Null: not every place has been seen yet. */
  readonly elsewhereWei: bigint | 'untold' | null;
  /** What payees earn and transfers burn in seven days, at the rates of the last seven. */
  readonly weekWei: bigint;
  /** How much of the next week's payouts the wallet shall hold, in ten thousandths; 0: no matter how much. */
  readonly walletCoverBps: number;
}

/**
 * - `covered`: the wallet alone holds all that is owed.
 * - `covered-elsewhere`: with what the pool holds elsewhere, it does.
 * - `wallet-short`: the wallet does not, and what the pool holds elsewhere is told to nobody.
 * - `not-covered`: all that the pool holds is less than what it owes.
 * - `unknown`: the chain has not shown all of it yet.
 */
export type Cover = 'covered' | 'covered-elsewhere' | 'wallet-short' | 'not-covered' | 'unknown';

export interface Solvency {
  readonly cover: Cover;
  readonly owedWei: bigint;
  /** What the wallet can pay with: without what stays in it. Null: unknown. */
  readonly freeWei: bigint | null;
  /** What is missing even with all that is held elsewhere; zero when covered or unknown. */
  readonly missingWei: bigint;
  /** Everything owed to payees, and what a week adds to it, with gas. */
  readonly nextWeekWei: bigint;
  /** What has to be sent to the wallet so that it holds enough for the next week; zero when it does, or is unknown. */
  readonly topUpWei: bigint;
}

/** Judges from the facts. An unknown balance is never taken for an empty wallet. */
export function solvencyOf(facts: SolvencyFacts): Solvency {
  const toPayWei = facts.pendingWei + facts.reservedWei - facts.leftWei;
  const owedWei = toPayWei + facts.unattributedWei;
  const nextWeekWei = toPayWei + facts.weekWei;
  const same = { owedWei, nextWeekWei };
  const { walletWei, keepInWalletWei, elsewhereWei } = facts;
  if (walletWei === null) {
    return { ...same, cover: 'unknown', freeWei: null, missingWei: 0n, topUpWei: 0n };
  }
  const freeWei = largerWei(walletWei - keepInWalletWei, 0n);
  const wantedWei = ceilShare(nextWeekWei, facts.walletCoverBps);
  // What stays in the wallet has to be there, too.
  const topUpWei = wantedWei > freeWei ? wantedWei + keepInWalletWei - walletWei : 0n;
  const cover = coverOf(owedWei, freeWei, elsewhereWei);
  const heldWei = freeWei + (typeof elsewhereWei === 'bigint' ? elsewhereWei : 0n);
  const missingWei = cover === 'not-covered' || cover === 'wallet-short' ? owedWei - heldWei : 0n;
  return { ...same, cover, freeWei, missingWei, topUpWei };
}

function coverOf(
  owedWei: bigint,
  freeWei: bigint,
  elsewhereWei: SolvencyFacts['elsewhereWei'],
): Cover {
  if (freeWei >= owedWei) return 'covered';
  if (elsewhereWei === 'untold') return 'wallet-short';
  if (elsewhereWei === null) return 'unknown';
  return freeWei + elsewhereWei >= owedWei ? 'covered-elsewhere' : 'not-covered';
}

/** Rounds up: a wei too little would be too little. */
const ceilShare = (wei: bigint, bps: number): bigint => (wei * BigInt(bps) + 9_999n) / 10_000n;

const WORDS: Readonly<Record<Cover, string>> = {
  covered: 'The wallet that pays holds all that everybody is owed.',
  'covered-elsewhere':
    'The wallet that pays holds less than everybody is owed, and with what the pool holds elsewhere it is enough.',
  'wallet-short':
    'The wallet that pays holds less than everybody is owed. This program is not told what the pool holds elsewhere.',
  'not-covered': 'All that this program knows the pool to hold is less than everybody is owed.',
  unknown: 'The chain has not shown lately what the pool holds.',
};

/** Says what the answer means, to anybody. */
export const coverWords = (cover: Cover): string => WORDS[cover];
