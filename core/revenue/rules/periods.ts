/** When a period of the revenue share ends, and how what was redeemed in it is divided. Days are UTC, by their first moment. */
import { DAY_MS } from '../../payees/rules/earned-days.js';
import type { RevenueShare } from '../../policies/rules/pool-terms.js';

/** Jobs of the evening are told late: a period is closed so long after its end, at the earliest. */
export const CLOSED_AFTER_MS = 6 * 3_600_000;
/** So long after its end it is closed, though a redemption is not seen or a source not read: these count in a later period. */
export const WAITS_AT_MOST_MS = 30 * 3_600_000;

/** What becomes known so many days late, work or redemption, counts in no period, and nobody asks about it any more. */
export const LATE_DAYS = 90;
/** The last period before a share ends waits longer: what becomes known after it goes to nobody. */
export const LAST_WAITS_AT_MOST_MS = 7 * DAY_MS;

export interface Period {
  readonly fromMs: number;
  /** The first moment after it. */
  readonly untilMs: number;
}

/** Returns the revenue share of the day that begins then; null: the pool shares nothing on it. */
export type ShareOf = (dayMs: number) => RevenueShare | null;

/**
 * Finds the first period that begins at `startMs` or later, before `nowMs`: it has as many days as the share at its beginning
 * says, and ends early where the share ends. Null: there is none yet.
 */
export function periodFrom(startMs: number, shareOf: ShareOf, nowMs: number): Period | null {
  let fromMs = startMs;
  while (fromMs < nowMs && shareOf(fromMs) === null) fromMs += DAY_MS;
  const share = shareOf(fromMs);
  if (fromMs >= nowMs || share === null) return null;
  let untilMs = fromMs + DAY_MS;
  while (untilMs < fromMs + share.everyMs && shareOf(untilMs) !== null) untilMs += DAY_MS;
  return { fromMs, untilMs };
}

/** Something that was redeemed, as final on the chain. */
export interface Redeemed {
  readonly amountWei: bigint;
  readonly atMs: number;
}

/** The first moment of the day (UTC) of a time. */
export const dayStart = (ms: number): number => Math.floor(ms / DAY_MS) * DAY_MS;

/** The workers' part of a redemption in wei, rounded down: by the share of the day on which its block was made. */
export function partOf({ amountWei, atMs }: Redeemed, shareOf: ShareOf): bigint {
  const share = shareOf(dayStart(atMs));
  return share === null ? 0n : (amountWei * BigInt(share.shareBps)) / 10_000n;
}

export interface Weight {
  readonly workerId: number;
  readonly weightWei: bigint;
}

/**
 * Divides by weight, each share rounded down. Together they are never more than what there is to divide; what is left, less
 * than a wei for each worker, is carried on. Where nobody has a weight all of it is.
 */
export function divide(toShareWei: bigint, weights: readonly Weight[]) {
  const totalWei = weights.reduce((sum, { weightWei }) => sum + weightWei, 0n);
  const shares = weights.map((weight) => ({
    ...weight,
    shareWei: (toShareWei * weight.weightWei) / totalWei,
  }));
  const sharedWei = shares.reduce((sum, { shareWei }) => sum + shareWei, 0n);
  return { shares, sharedWei, totalWei, carriedWei: toShareWei - sharedWei };
}
