/** What API, page and command line tell of whether the pool holds what it owes. */
import { solvencySettingsOf } from '../../config/sections/solvency.js';
import { coverWords } from '../../core/standing/rules/solvency.js';
import { readSolvency, type SolvencyReport } from '../../core/standing/store/solvency-reads.js';
import { nowOf, type RunningPool } from '../running-pool.js';
import { amount, amountOrNull } from '../views.js';

/** Reads how the pool stands, by the ledger and what the chain showed last. */
export function readSolvencyOf(pool: RunningPool): Promise<SolvencyReport> {
  const { db, config } = pool;
  const settings = solvencySettingsOf(config.solvency, config.chain);
  return readSolvency(db, settings, nowOf(pool).getTime());
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
