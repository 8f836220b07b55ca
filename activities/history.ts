/** The whole history of raw events: balances computed again from it, months of it in files. */
import { Context } from '@temporalio/activity';
import { PoolError } from '../core/base/errors/pool-error.js';
import type { Database } from '../core/db/database.js';
import { listArchives, verifyArchives } from '../core/history/archive/archived-months.js';
import { archiveMonths } from '../core/history/archive/archiving.js';
import { restoreMonth } from '../core/history/archive/restore.js';
import { rebuildBalances } from '../core/history/rebuild/rebuild.js';
import type { RebuildFinding } from '../core/history/rules/rebuild-tally.js';
import type {
  ArchiveReport,
  RebuildReport,
  RestoreReport,
  VerifyReport,
} from '../core/history/rules/reports.js';
import { parseMonth } from '../core/history/rules/retention.js';
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
  const { archiveDir, keepMonths } = retention;
  return {
    rebuildBalances: ordered(db, 'ledger.rebuild', ({ args, actor, reason, dryRun }) =>
      telling(async (onProgress, signal): Promise<RebuildReport> => {
        const { keep, allowDebt } = args;
        const apply = dryRun ? null : { actor, reason, allowDebt };
        return rebuildBalances(db, { archiveDir, actor, apply, keep, onProgress, signal });
      }),
    ),
    archiveEvents: guarded(
      (): Promise<ArchiveReport> =>
        telling((onProgress, signal) =>
          archiveMonths(db, { dir: archiveDir, keepMonths, onProgress, signal }),
        ),
    ),
    verifyArchive: guarded(
      (): Promise<VerifyReport> =>
        telling(async (onProgress) => {
          const records = await listArchives(db, 'archived');
          const findings: readonly RebuildFinding[] = await verifyArchives(
            records,
            archiveDir,
            onProgress,
          );
          return { files: records.length, findings };
        }),
    ),
    restoreArchive: ordered(db, 'archive.restore', ({ args, actor, reason }) =>
      telling(async (onProgress): Promise<RestoreReport> => {
        const month = parseMonth(args.month);
        if (month === undefined) {
          throw new PoolError('REQUEST_INVALID', `"${args.month}" is no month such as 2025-03`);
        }
        return {
          rows: await restoreMonth(db, { dir: archiveDir, month, actor, reason, onProgress }),
        };
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
