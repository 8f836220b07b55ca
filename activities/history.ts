/** Work on the whole history of raw events: balances computed again from it, and months of it kept in files. */
import { Context } from '@temporalio/activity';
import type { Database } from '../core/db/database.js';
import { restoreMonth } from '../core/history/archive/archive-restore.js';
import { archiveMonths } from '../core/history/archive/archive-run.js';
import { verifyArchive } from '../core/history/archive/archives.js';
import { rebuildBalances } from '../core/history/rebuild/rebuild.js';
import { requireMonth } from '../core/history/rules/retention.js';
import { beating, MONTH_MS } from './beating.js';
import { guarded } from './failure.js';
import { ordered } from './orders.js';

export interface HistoryDeps {
  readonly db: Database;
  readonly retention: {
    /** Null: nothing ever leaves the table. */
    readonly keepMonths: number | null;
    readonly archiveDir: string;
  };
}

/** The activities that read all of the history or move parts of it. */
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
  return beating({ words: 'begins', mostMs: MONTH_MS }, (onProgress) =>
    work(onProgress, cancellationSignal),
  );
}
