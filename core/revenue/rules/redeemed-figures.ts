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
   * How large a ticket is, in wei, where larger ones weigh more: the sum of the squares through the sum, of what was redeemed in
   * the last ninety days, or else of what events say that tickets are worth. Null: there was none.
   */
  readonly ticketWei: number | null;
  /** Redemptions that events told of a day ago or more, and that the chain has not settled. */
  readonly overdue: number;
}

/** With fewer days of jobs nothing is judged. */
export const LEAST_DAYS = 14;
/** The gap must be as wide as chance makes it about once in a thousand months. */
const DEVIATIONS = 3;

/**
 * Returns how much more was credited than redeemed, in wei, where chance does not explain it; null: nothing to tell. If the pool
 * earns what it credits, the number of winning tickets is random (Poisson), and the sum of what they bring varies by the
 * product of its mean and the size of a ticket. So a pool whose tickets win less than nine times in that time is never judged.
 */
export function creditedBeyondRedeemed(figures: RevenueFigures): bigint | null {
  const { daysWithJobs, creditedWei, redeemedWei, ticketWei } = figures;
  if (daysWithJobs < LEAST_DAYS || creditedWei <= redeemedWei || ticketWei === null) return null;
  const gapWei = creditedWei - redeemedWei;
  const deviationWei = Math.sqrt(Number(creditedWei) * ticketWei);
  return Number(gapWei) > DEVIATIONS * deviationWei ? gapWei : null;
}
