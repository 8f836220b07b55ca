/** How much a remote worker gets on top for a UTC day. */
import { largerWei, smallerWei } from '../../base/money.js';
import { DAY_MS } from '../../payees/rules/earned-days.js';
import type { BonusTerms } from './pool-terms.js';

/** Whoever connects late tells of the evening late: a day is closed so long after its end. */
export const CLOSED_AFTER_MS = 6 * 3_600_000;

interface DayFacts {
  /** What the jobs of the day came to, and the pool's share of it. */
  readonly grossWei: bigint;
  readonly commissionWei: bigint;
  /** How long the worker was connected; null: nobody knows. */
  readonly connectedMs: number | null;
  readonly bonusBps: number;
}

/** Tells whether the whole day that begins at `dayMs` lies within the bonus. */
export function coversDay({ from, until }: BonusTerms, dayMs: number): boolean {
  const begins = from === undefined || from.getTime() <= dayMs;
  return begins && (until === undefined || until.getTime() >= dayMs + DAY_MS);
}

/** The bonus of a day in wei: never more than the pool's own share of the worker's fees. */
export function bonusOfDay(facts: DayFacts, terms: BonusTerms): bigint {
  const { grossWei, commissionWei, connectedMs, bonusBps } = facts;
  if (connectedMs === null || connectedMs * 10_000 < terms.minOnlineBps * DAY_MS) return 0n;
  const shareWei = smallerWei((grossWei * BigInt(bonusBps)) / 10_000n, commissionWei);
  const cappedWei = smallerWei(shareWei, terms.capPerWorkerPerDayWei ?? shareWei);
  return largerWei(cappedWei, 0n);
}

/** Finds the rate with the lowest bonus of those that hold on the day; undefined when for some of it none does. */
export function lowestBonus<R extends { readonly fromMs: number; readonly bonusBps: number }>(
  steps: readonly R[],
  dayMs: number,
): R | undefined {
  const first = steps.findLastIndex(({ fromMs }) => fromMs <= dayMs);
  if (first === -1) return undefined;
  return steps
    .slice(first)
    .filter(({ fromMs }) => fromMs < dayMs + DAY_MS)
    .reduce((lowest, one) => (one.bonusBps < lowest.bonusBps ? one : lowest));
}
