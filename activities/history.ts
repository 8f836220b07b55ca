/** The activities on the whole history of raw events: the rebuild, and the archive of old months. */
import { Context } from '@temporalio/activity';
import type { Database } from '../core/db/database.js';
import { verifyArchive } from '../core/history/archive/archived-months.js';
import { archiveMonths } from '../core/history/archive/archiving.js';
import { restoreMonth } from '../core/history/archive/restore.js';
import { rebuildBalances } from '../core/history/rebuild/rebuild.js';
import { requireMonth } from '../core/history/rules/retention.js';
import { beating, MONTH_MS } from './beating.js';
import { guarded } from './failure.js';
import { ordered } from './orders.js';

export interface HistoryDeps {
  readonly db: Database;
  readonly retention: {
    /** How many whole months stay in the table. Null: all of them, so nothing is archived. */
    readonly keepMonths: number | null;
    readonly archiveDir: string;
  };
}

/** Builds the activities that read the whole history or move parts of it. */
export function createHistoryActivities({ db, retention }: HistoryDeps) {
  const { archiveDir: dir, keepMonths } = retention;
  return {
    rebuildBalances: ordered(db, 'ledger.rebuild', ({ args, actor, reason, dryRun }) =>
      telling((onProgress, signal) => {
        const { keep, allowDebt } = args;
        const apply = dryRun ? null : { actor, reason, allowDebt };
        return rebuildBalances(db, { archiveDir: dir, actor, apply, keep, onProgress, signal });
      }),
    ),
    archiveEvents: guarded(() =>
      telling((onProgress, signal) => archiveMonths(db, { dir, keepMonths, onProgress, signal })),
    ),
    verifyArchive: guarded(() => telling((onProgress) => verifyArchive(db, dir, onProgress))),
    restoreArchive: ordered(db, 'archive.restore', ({ args, actor, reason }) =>
      telling(async (onProgress) => {
        const month = requireMonth(args.month);
        return { rows: await restoreMonth(db, { dir, month, actor, reason, onProgress }) };
      }),
    ),
  };
}

function telling<T>(
  work: (onProgress: (words: string) => void, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { cancellationSignal } = Context.current();
  return beating('begins', MONTH_MS, (onProgress) => work(onProgress, cancellationSignal));
}
