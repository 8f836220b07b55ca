/** Days of the whole pool: what was earned and paid on each, and what was owed at its end. */

/** What moved on a UTC day, `YYYY-MM-DD`. */
export interface MovedDay {
  readonly day: string;
  readonly jobs: number;
  /** What the payees earned, by the time of the jobs: after commission, with corrections. */
  readonly netWei: bigint;
  /** What was paid on that day, less what a reorg took back on it. */
  readonly paidWei: bigint;
}

export interface PoolDay extends MovedDay {
  /** What was earned up to the end of this day and not paid by then: pending, or on its way. */
  readonly owedWei: bigint;
}

/** Adds what was owed at the end of each day. The days are in order, without gaps, and end with today. */
export function owedByDay(days: readonly MovedDay[], owedNowWei: bigint): readonly PoolDay[] {
  const result: PoolDay[] = [];
  let owedWei = owedNowWei;
  for (const { day, jobs, netWei, paidWei } of days.toReversed()) {
    result.push({ day, jobs, netWei, paidWei, owedWei });
    owedWei -= netWei - paidWei;
  }
  return result.toReversed();
}
