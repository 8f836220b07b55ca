/**
 * Closes the periods of a pool that shares what it redeems: adds up what was redeemed, divides the workers' part by the work of
 * the period, and books it out of the commission, all in one transaction. Nothing is divided twice: each redemption and each
 * day's work belongs to at most one period.
 */
import { ethAndWei, sumWei } from '../base/money.js';
import type { Database, Reader, Transaction } from '../db/database.js';
import { transact } from '../db/transact.js';
import { DAY_MS, dayOf } from '../payees/rules/earned-days.js';
import { revenueShareOfOptions } from '../policies/built-in.js';
import type { RevenueShare } from '../policies/rules/pool-terms.js';
import { type TermsVersion, termsAt } from '../terms/rules/terms.js';
import { findTermsHistory } from '../terms/store/recorded-terms.js';
import {
  CLOSED_AFTER_MS,
  dayStart,
  divide,
  LAST_WAITS_AT_MOST_MS,
  LATE_DAYS,
  type Period,
  partOf,
  periodFrom,
  type ShareOf,
  WAITS_AT_MOST_MS,
} from './rules/periods.js';
import type { RevenueReport } from './rules/revenue-report.js';
import {
  findFirstDay,
  findLastPeriod,
  listUnshared,
  lockPeriods,
  type RevenuePeriod,
  takeWeights,
  whatIsMissing,
  writePeriod,
} from './store/periods.js';

type SharingReport = Pick<RevenueReport, 'periodsClosed' | 'sharedWei' | 'waits'>;

interface SharingDeps {
  readonly db: Database;
  /** By default the clock of the database. */
  readonly now?: () => Date;
}

/** Less is not worth the work that it would be divided by: it goes on to the next period, and so does the work. */
const LEAST_WEI = 1_000_000_000n;
/** A pool that was off for longer catches up in the next passes. */
const PERIODS_AT_ONCE = 100;

/** Closes all periods whose time has come. */
export async function closePeriods(
  { db, now }: SharingDeps,
  onProgress: () => void = () => undefined,
): Promise<SharingReport> {
  let sharedWei = 0n;
  let periodsClosed = 0;
  let waits: string | null = null;
  while (periodsClosed < PERIODS_AT_ONCE) {
    const next = await findNextPeriod(db, now?.());
    if (next === null || next.nowMs < next.untilMs + CLOSED_AFTER_MS) break;
    waits = await whatIsMissing(db, daysOf(next));
    const isLast = next.shareOf(next.untilMs) === null;
    const patienceMs = isLast ? LAST_WAITS_AT_MOST_MS : WAITS_AT_MOST_MS;
    if (waits !== null && next.nowMs < next.untilMs + patienceMs) break;
    waits = null;
    const closed = await transact(db, (tx) => closePeriod(tx, next));
    sharedWei += closed ?? 0n;
    periodsClosed += closed === null ? 0 : 1;
    onProgress();
  }
  return { periodsClosed, sharedWei: sharedWei.toString(), waits };
}

export interface NextPeriod extends Period {
  readonly nowMs: number;
  readonly last: RevenuePeriod | undefined;
  readonly shareOf: ShareOf;
  readonly versions: readonly TermsVersion[];
}

/** Finds the period that is closed next; null when the pool shares nothing, or has nothing yet. */
export async function findNextPeriod(reader: Reader, now?: Date): Promise<NextPeriod | null> {
  const history = await findTermsHistory(reader);
  if (history === undefined) return null;
  const { versions } = history;
  const shareOf = shareOfDays(versions);
  const last = await findLastPeriod(reader);
  const startDay = last?.untilDay ?? (await findFirstDay(reader));
  if (startDay === null) return null;
  const nowMs = (now ?? history.now).getTime();
  const period = periodFrom(Date.parse(startDay), shareOf, nowMs);
  return period === null ? null : { ...period, nowMs, last, shareOf, versions };
}

/** The share of a day is that of the terms in force at its beginning: a share begins and ends at midnight. */
function shareOfDays(versions: readonly TermsVersion[]): ShareOf {
  return (dayMs) => shareOfTerms(termsAt(versions, dayMs));
}

export function shareOfTerms({ policy }: Pick<TermsVersion, 'policy'>): RevenueShare | null {
  return policy?.module === null ? revenueShareOfOptions(policy.options) : null;
}

/** Returns how much was shared, in wei; null when another process has closed the period meanwhile. */
async function closePeriod(tx: Transaction, next: NextPeriod): Promise<bigint | null> {
  await lockPeriods(tx);
  const { fromMs, untilMs, shareOf, versions } = next;
  const last = await findLastPeriod(tx);
  if (last?.number !== next.last?.number) return null;
  const number = (last?.number ?? 0) + 1;
  // What was redeemed on a day without a share belongs to the pool alone.
  const unshared = await listUnshared(tx, dayOf(untilMs));
  const redeemed = unshared.filter(({ atMs }) => shareOf(dayStart(atMs)) !== null);
  const shareWei = sumWei(redeemed.map((one) => partOf(one, shareOf)));
  const carriedInWei = last?.carriedOutWei ?? 0n;
  const toShareWei = shareWei + carriedInWei;
  const weights = toShareWei < LEAST_WEI ? [] : await takeWeights(tx, number, daysToWeigh(next));
  const divided = divide(toShareWei, weights);
  const redeemedWei = sumWei(redeemed.map(({ amountWei }) => amountWei));
  const whatOf = `of ${ethAndWei(toShareWei)}, the workers' part of what was redeemed from ${dayOf(fromMs)} to ${dayOf(untilMs - DAY_MS)}`;
  await writePeriod(tx, {
    period: {
      number,
      fromDay: dayOf(fromMs),
      untilDay: dayOf(untilMs),
      redeemedWei,
      shareWei,
      carriedInWei,
      sharedWei: divided.sharedWei,
      carriedOutWei: divided.carriedWei,
      weightWei: divided.totalWei,
      workers: divided.shares.length,
      termsId: termsAt(versions, fromMs).id,
    },
    txHashes: redeemed.map(({ txHash }) => txHash),
    shares: divided.shares.map((one) => {
      const percent = Number((one.weightWei * 1_000_000n) / divided.totalWei) / 10_000;
      return { ...one, reason: `for ${percent} % of the work, ${whatOf}` };
    }),
  });
  return divided.sharedWei;
}

/** The days up to the end of the period whose work counts: work of earlier days may have become known since. */
function daysToWeigh({ untilMs, shareOf }: NextPeriod): readonly string[] {
  const days = Array.from({ length: LATE_DAYS }, (_, i) => untilMs - (i + 1) * DAY_MS);
  return days.filter((dayMs) => shareOf(dayMs) !== null).map(dayOf);
}

/** The first day of a period, and the first day after it. */
export const daysOf = ({ fromMs, untilMs }: Period) => ({
  from: dayOf(fromMs),
  until: dayOf(untilMs),
});
