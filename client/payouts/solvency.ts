/** What API, page and command line tell of whether the pool holds what it owes. */
import { solvencySettingsOf } from '../../config/sections/solvency.js';
import { coverWords } from '../../core/standing/rules/solvency.js';
import { readSolvency, type SolvencyReport } from '../../core/standing/store/solvency-reads.js';
import { nowOf, type RunningPool } from '../running-pool.js';
import { amount, amountOrNull } from '../views.js';

/** Nothing is claimed by a balance that was seen longer ago; the sentinel looks every minute. */
const STALE_MS = 3_600_000;

/** Reads how the pool stands, by the ledger and what the chain showed last. */
export async function readSolvencyOf(pool: RunningPool): Promise<SolvencyReport> {
  const { db, config } = pool;
  const settings = solvencySettingsOf(config.solvency, config.chain);
  const nowMs = nowOf(pool).getTime();
  return notByStale(await readSolvency(db, settings, nowMs), nowMs);
}

/** Takes back what is said about the pool when the chain has not shown the wallet for long: it may have changed. */
export function notByStale<Report extends Pick<SolvencyReport, 'cover' | 'walletSeenAt'>>(
  report: Report,
  nowMs: number,
): Report {
  const { walletSeenAt } = report;
  const isStale = walletSeenAt !== null && nowMs - walletSeenAt.getTime() > STALE_MS;
  return isStale ? { ...report, cover: 'unknown' } : report;
}

/** Shows all of it. `covered` is null where nobody can say. */
export function viewSolvency(report: SolvencyReport) {
  const { facts, cover, freeWei } = report;
  const { elsewhereWei } = facts;
  return {
    ...viewCover(report),
    exact: {
      cover,
      ...amount('owed', report.owedWei),
      ...amount('pending', facts.pendingWei),
      ...amount('reserved', facts.reservedWei),
      ...amount('left', facts.leftWei),
      ...amount('unattributed', facts.unattributedWei),
      ...amountOrNull('walletFree', freeWei),
      walletSeenAt: report.walletSeenAt,
      ...amountOrNull('elsewhere', typeof elsewhereWei === 'bigint' ? elsewhereWei : null),
      elsewhereSeenAt: report.elsewhereSeenAt,
      ...amount('missing', report.missingWei),
      ...amount('nextWeek', report.nextWeekWei),
      ...amount('topUp', report.topUpWei),
    },
  };
}

const COVERED = {
  covered: true,
  'covered-elsewhere': true,
  'wallet-short': null,
  'not-covered': false,
  unknown: null,
} as const;

/** Shows what everybody may know. */
export function viewCover({ cover }: Pick<SolvencyReport, 'cover'>) {
  return { covered: COVERED[cover], words: coverWords(cover) };
}
