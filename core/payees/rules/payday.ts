/** Estimates when the pending fees of a payee reach the threshold, from what it earned lately. */
import { DAY_MS, dayOf, type Earned } from './earned-days.js';

/** The estimate stands on so many whole days. */
export const RATE_DAYS = 7;
/** With fewer days on which something was earned, or fewer jobs, nothing is said: it would be a guess. */
const LEAST_DAYS = 3;
const LEAST_JOBS = 20;
/** Nothing is said of a time that is further away, in days. */
const FURTHEST_DAYS = 365n;
/** The fast and the slow rate are those of the best and of the worst days; the two share one day. */
const HALF_DAYS = 4;

/**
 * When the next payout may be expected.
 *
 * - `reached`: enough is pending; the gates of the next round say the rest.
 * - `expected`: between these two times, if the payee goes on as in the last seven days.
 * - `unknown`: no estimate. `few-jobs`: too little was earned lately to say anything; `far-off`: more than a year.
 */
export type Payday =
  | { readonly kind: 'reached' }
  | { readonly kind: 'expected'; readonly earliestMs: number; readonly latestMs: number }
  | { readonly kind: 'unknown'; readonly why: 'few-jobs' | 'far-off' };

export interface PaydayFacts {
  readonly nowMs: number;
  readonly pendingWei: bigint;
  readonly thresholdWei: bigint;
  /** The last whole days, without today; days on which nothing was earned included. Usually `RATE_DAYS`. */
  readonly days: readonly Pick<Earned, 'jobs' | 'grossWei' | 'commissionWei'>[];
  /** When the minimum interval since the last payout ends; null when there was none. */
  readonly notBeforeMs: number | null;
  /** The time between two rounds: a threshold that is reached waits for the next one. */
  readonly roundIntervalMs: number;
}

/**
 * Estimates the next payout as a range. It divides what is missing by a fast rate (the mean of the best four of the seven
 * days) and by a slow one (the mean of the worst four, but at least half of the mean of all days). What people adjusted counts as
 * pending, and not as a rate.
 */
export function estimatePayday(facts: PaydayFacts): Payday {
  const { nowMs, pendingWei, thresholdWei, days, notBeforeMs, roundIntervalMs } = facts;
  const missingWei = thresholdWei - pendingWei;
  if (pendingWei > 0n && missingWei <= 0n) return { kind: 'reached' };
  const nets = days
    .map(({ grossWei, commissionWei }) => grossWei - commissionWei)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const jobs = days.reduce((sum, day) => sum + day.jobs, 0);
  if (jobs < LEAST_JOBS || nets.filter((netWei) => netWei > 0n).length < LEAST_DAYS) {
    return { kind: 'unknown', why: 'few-jobs' };
  }
  // Rates are fractions over a common denominator, so that nothing is rounded before the end.
  const half = Math.min(HALF_DAYS, nets.length);
  const denominator = BigInt(half * nets.length * 2);
  const rateOf = (some: readonly bigint[]) =>
    (some.reduce((a, b) => a + b, 0n) * denominator) / BigInt(some.length);
  const [fast, slow, halfMean] = [
    rateOf(nets.slice(-half)),
    rateOf(nets.slice(0, half)),
    rateOf(nets) / 2n,
  ];
  const takesMs = (rate: bigint) => (missingWei * denominator * BigInt(DAY_MS) + rate - 1n) / rate;
  const longestMs = takesMs(slow > halfMean ? slow : halfMean);
  if (longestMs > FURTHEST_DAYS * BigInt(DAY_MS)) return { kind: 'unknown', why: 'far-off' };
  const earliest = nowMs + Number(takesMs(fast));
  const latest = nowMs + Number(longestMs);
  const bound = notBeforeMs ?? nowMs;
  return {
    kind: 'expected',
    earliestMs: Math.max(earliest, bound),
    latestMs: Math.max(latest, bound) + roundIntervalMs,
  };
}

/** Says an estimate to the payee, in a sentence without a capital and a full stop. Days are UTC. */
export function paydayWords(payday: Payday): string {
  switch (payday.kind) {
    case 'reached':
      return 'the threshold is reached';
    case 'expected': {
      const [earliest, latest] = [dayOf(payday.earliestMs), dayOf(payday.latestMs)];
      const when = earliest === latest ? `on ${earliest}` : `between ${earliest} and ${latest}`;
      return `the threshold is reached ${when} at the pace of the last seven days`;
    }
    case 'unknown':
      return payday.why === 'few-jobs'
        ? 'no estimate: there was too little work in the last seven days'
        : 'no estimate: at the pace of the last seven days it takes more than a year';
  }
}
