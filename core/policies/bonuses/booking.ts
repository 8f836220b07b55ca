/**
 * Books the bonuses of closed UTC days: for each remote worker a posting out of the pool's commission. Whoever books locks
 * the row of the bonus' budget, so that the budget is kept to the wei and no day is booked twice, however many do it at once.
 */

import { largerWei, smallerWei } from '../../base/money.js';
import { remoteWorkerKey } from '../../base/remote-worker.js';
import type { Database, Transaction } from '../../db/database.js';
import { transact } from '../../db/transact.js';
import { DAY_MS, dayOf } from '../../payees/rules/earned-days.js';
import { readWorkersConnected } from '../../payees/store/presence.js';
import { type TermsVersion, termsAt } from '../../terms/rules/terms.js';
import { findTermsHistory } from '../../terms/store/recorded-terms.js';
import { ratesOf } from '../../terms/store/worker-rates.js';
import { bonusOfOptions } from '../built-in.js';
import { bonusOfDay, CLOSED_AFTER_MS, coversDay, lowestBonus } from '../rules/bonus-of-day.js';
import type { BonusTerms } from '../rules/pool-terms.js';
import type { BonusReport } from '../rules/resolving-report.js';
import {
  type BonusPosting,
  bookDay,
  type DayOfWorker,
  isOpen,
  listDayOfWorkers,
  lockBudget,
  recordShort,
} from '../store/bonus-days.js';

export interface BonusDeps {
  readonly db: Database;
  /** Which bonus a version of the terms has; null: none. */
  readonly bonusOf: (version: TermsVersion) => BonusTerms | null;
  /** By default the clock of the database. */
  readonly now?: () => Date;
}

/**
 * Returns the bonus of the terms; null: none. A policy that is code says its share, and the pool's file the budget and the rest.
 *
 * @param ofFile the bonus in the pool's file
 */
export function bonusOf(
  { policy }: Pick<TermsVersion, 'policy'>,
  ofFile: BonusTerms | undefined,
): BonusTerms | null {
  if (!policy) return null;
  return policy.module === null ? bonusOfOptions(policy.options) : (ofFile ?? null);
}

/** A pool that was off for longer than this books nothing for the days before. */
const MOST_DAYS = 30;
const WORKERS_AT_ONCE = 500;

/** Books what is due for each closed day, and what came late for the days of the last week. */
export async function bookBonuses(
  { db, bonusOf, now }: BonusDeps,
  onProgress: () => void = () => undefined,
): Promise<BonusReport> {
  const history = await findTermsHistory(db);
  if (history === undefined) return { bonuses: 0, bonusShortWei: '0' };
  const nowMs = (now?.() ?? history.now).getTime();
  const short = new Map<string, bigint>();
  let bonuses = 0;
  for (const dayMs of closedDays(nowMs)) {
    const version = termsAt(history.versions, dayMs);
    const bonus = bonusOf(version);
    if (bonus === null || !coversDay(bonus, dayMs)) continue;
    if (!(await isOpen(db, dayOf(dayMs), nowMs))) continue;
    const since = sinceOf(bonus);
    const day = { dayMs, bonus, since, termsId: version.id };
    let after: number | null = 0;
    while (after !== null) {
      const page: PageOfDay = { ...day, after, nowMs };
      const done = await transact(db, (tx) => bookPage(tx, page));
      bonuses += done.booked;
      short.set(since, (short.get(since) ?? 0n) + done.shortWei);
      after = done.last;
      onProgress();
    }
  }
  await recordShort(db, short);
  const shortWei = [...short.values()].reduce((sum, one) => sum + one, 0n);
  return { bonuses, bonusShortWei: shortWei.toString() };
}

/** The beginnings of the closed days, the oldest first. */
function closedDays(nowMs: number): readonly number[] {
  const todayMs = Math.floor((nowMs - CLOSED_AFTER_MS) / DAY_MS) * DAY_MS;
  return Array.from({ length: MOST_DAYS }, (_, i) => todayMs - (MOST_DAYS - i) * DAY_MS);
}

/** A bonus is known by its beginning: whoever changes its share or budget goes on with what is spent. */
const sinceOf = ({ from }: BonusTerms): string => from?.toISOString() ?? '';

interface PageOfDay {
  readonly dayMs: number;
  readonly bonus: BonusTerms;
  readonly since: string;
  readonly termsId: number;
  /** The number of the last worker of the page before. */
  readonly after: number;
  readonly nowMs: number;
}

async function bookPage(tx: Transaction, page: PageOfDay) {
  const { dayMs, bonus, since, termsId, after } = page;
  const day = dayOf(dayMs);
  const spentWei = await lockBudget(tx, since, bonus.budgetWei);
  const workers = await listDayOfWorkers(tx, { day, after, limit: WORKERS_AT_ONCE });
  let leftWei = largerWei(bonus.budgetWei - spentWei, 0n);
  let shortWei = 0n;
  const postings: BonusPosting[] = [];
  for (const { worker, rate, dueWei } of await dueOf(tx, page, workers)) {
    const wei = smallerWei(dueWei, leftWei);
    leftWei -= wei;
    shortWei += dueWei - wei;
    const reason = `${rate.bonusBps / 100} % of the fees of ${day}`;
    if (wei > 0n) postings.push({ workerId: worker.id, wei, rateId: rate.id, reason });
  }
  await bookDay(tx, { day, since, termsId, budgetWei: bonus.budgetWei }, postings);
  const last = workers.length < WORKERS_AT_ONCE ? null : (workers.at(-1)?.id ?? null);
  return { booked: postings.length, shortWei, last };
}

/** Returns what the workers should get beyond what is booked for the day already. */
async function dueOf(tx: Transaction, page: PageOfDay, workers: readonly DayOfWorker[]) {
  const { dayMs, bonus, nowMs } = page;
  const day = dayOf(dayMs);
  const rates = await ratesOf(tx, workers);
  const rated = workers.flatMap((worker) => {
    const rate = lowestBonus(rates.get(remoteWorkerKey(worker)) ?? [], dayMs);
    return rate === undefined || rate.bonusBps === 0 ? [] : [{ worker, rate }];
  });
  const payees = [...new Set(rated.map(({ worker }) => worker.payee))];
  const connected = await readWorkersConnected(tx, payees, { from: day, to: day, nowMs });
  return rated.map(({ worker, rate }) => {
    const connectedMs = connected.get(`${worker.id} ${day}`)?.connectedMs ?? null;
    const facts = { ...worker, connectedMs, bonusBps: rate.bonusBps };
    const dueWei = largerWei(bonusOfDay(facts, bonus) - worker.bookedWei, 0n);
    return { worker, rate, dueWei };
  });
}
