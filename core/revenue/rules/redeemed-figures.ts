/** Is as much redeemed as is credited? Tickets win at random, so that only a gap beyond chance tells something. */

export interface RevenueFigures {
  /** So many whole days (UTC) the figures are of. */
  readonly days: number;
  readonly daysWithJobs: number;
  /** What of the fees of the days' jobs went to workers. */
  readonly creditedWei: bigint;
  readonly redeemedWei: bigint;
  readonly redemptions: number;
  /**
   * How far from its mean the redeemed sum usually is, in wei: the number of winning tickets is random (Poisson), so the variance
   * of the sum is estimated by the sum of the squares.
   */
  readonly deviationWei: number;
  /** Redemptions that events told of a day ago or more, and that the chain has not settled. */
  readonly overdue: number;
}

/** With fewer days of jobs nothing is judged. */
export const LEAST_DAYS = 14;
/** One pool in 700 would be taken for one that promises too much, by chance. */
const DEVIATIONS = 3;

/** Returns how much more was credited than redeemed, in wei, where chance does not explain it; null: nothing to tell. */
export function creditedBeyondRedeemed(figures: RevenueFigures): bigint | null {
  const { daysWithJobs, creditedWei, redeemedWei, deviationWei } = figures;
  if (daysWithJobs < LEAST_DAYS || creditedWei <= redeemedWei) return null;
  const gapWei = creditedWei - redeemedWei;
  return Number(gapWei) > DEVIATIONS * deviationWei ? gapWei : null;
}
