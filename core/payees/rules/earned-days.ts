/** Days of earnings, and their sums. Days are UTC, as `YYYY-MM-DD`, by the time of the jobs. */

export const DAY_MS = 86_400_000;

/** What jobs and adjustments came to. */
export interface Earned {
  readonly jobs: number;
  /** Compute units; for transcode jobs these are pixels. */
  readonly computeUnits: bigint;
  /** The fees of the jobs. */
  readonly grossWei: bigint;
  /** The pool's share of them. */
  readonly commissionWei: bigint;
  /** What the operator added to the pending fees or subtracted, and bonuses, on the day on which it was booked; may be negative. */
  readonly adjustedWei: bigint;
  /** What the payees earned: gross - commission + adjusted. */
  readonly netWei: bigint;
}

export interface EarnedDay extends Earned {
  readonly day: string;
}

export const NOTHING_EARNED: Earned = {
  jobs: 0,
  computeUnits: 0n,
  grossWei: 0n,
  commissionWei: 0n,
  adjustedWei: 0n,
  netWei: 0n,
};

export function addEarned(all: readonly Earned[]): Earned {
  return all.reduce(
    (sum, one) => ({
      jobs: sum.jobs + one.jobs,
      computeUnits: sum.computeUnits + one.computeUnits,
      grossWei: sum.grossWei + one.grossWei,
      commissionWei: sum.commissionWei + one.commissionWei,
      adjustedWei: sum.adjustedWei + one.adjustedWei,
      netWei: sum.netWei + one.netWei,
    }),
    NOTHING_EARNED,
  );
}

/** Returns the UTC day of a time. */
export const dayOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10);

/** Returns the last `count` days in order, the last of which is the day of `nowMs`. */
export function lastDays(nowMs: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => dayOf(nowMs - (count - 1 - i) * DAY_MS));
}

/** Returns one entry for each of the days, in their order; a day on which nothing was earned has zeros. */
export function fillDays(
  found: readonly EarnedDay[],
  days: readonly string[],
): readonly EarnedDay[] {
  const known = new Map(found.map((one) => [one.day, one]));
  return days.map((day) => known.get(day) ?? { ...NOTHING_EARNED, day });
}
