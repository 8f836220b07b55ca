/** Compares the ledger with the first manager, by what it answers or by its file, and keeps what came of it. */
import { PoolError } from '../base/errors/pool-error.js';
import type { Database } from '../db/database.js';
import { readTermsHistory } from '../terms/store/recorded-terms.js';
import { type FirstManagerFile, openFirstManagerFile } from './first-manager-file.js';
import { askFirstManager } from './first-manager-http.js';
import { compareWithLog } from './log-comparing.js';
import { summarizeLog } from './rules/first-manager.js';
import { LedgerReplay } from './rules/http-comparison.js';
import type { ShadowReport } from './rules/shadow-report.js';
import { creditedByPayee, jobEvents } from './store/credited-jobs.js';
import { type Compared, keepComparison, lastOffsets, readsFromBeginning } from './store/shadows.js';

/** Where the first manager is. `url` is where its API answers, `databaseFile` a copy of its file; one of them is set. */
export interface ShadowSettings {
  readonly url: string | null;
  readonly databaseFile: string | null;
  /** Its PoolCommissionRate, in basis points. */
  readonly commissionBps: number;
  /** It may not have read the events of so long yet. */
  readonly behindMs: number;
}

/** Compares once. When the first manager cannot be read, that is kept too, and is no error. */
export async function compareOnce(
  db: Database,
  settings: ShadowSettings,
  nowMs: number,
): Promise<ShadowReport> {
  const compared = await tryToCompare(db, settings, nowMs);
  await keepComparison(db, compared);
  const { place, failure, books } = compared;
  const unexplained = books.filter(({ unexplainedWei }) => unexplainedWei !== 0n).length;
  return { place, failure, payees: books.length, unexplained };
}

async function tryToCompare(
  db: Database,
  settings: ShadowSettings,
  nowMs: number,
): Promise<Compared> {
  const { url, databaseFile } = settings;
  const basis = databaseFile === null ? ('http' as const) : ('file' as const);
  const place = databaseFile ?? url ?? '';
  try {
    const books =
      databaseFile === null
        ? await compareAnswers(db, settings, nowMs)
        : await compareFile(db, databaseFile, settings.commissionBps);
    return { basis, place, failure: null, books };
  } catch (error) {
    if (!(error instanceof PoolError)) throw error;
    return { basis, place, failure: `${error.code}: ${error.message}`, books: [] };
  }
}

async function compareAnswers(db: Database, settings: ShadowSettings, nowMs: number) {
  const { url, commissionBps, behindMs } = settings;
  if (url === null) throw new PoolError('REQUEST_INVALID', 'shadow.url is not set');
  const { stated } = await askFirstManager(url, commissionBps);
  const replay = new LedgerReplay(commissionBps, nowMs - behindMs);
  for await (const page of jobEvents(db)) {
    for (const event of page) replay.take(event);
  }
  const [credited, offsets, isWhole] = await Promise.all([
    creditedByPayee(db),
    lastOffsets(db),
    readsFromBeginning(db),
  ]);
  return replay.explain({ stated, credited, offsets, isWhole });
}

async function compareFile(db: Database, path: string, commissionBps: number) {
  let file: FirstManagerFile | undefined;
  try {
    file = await openFirstManagerFile(path);
    const { inForce } = await readTermsHistory(db);
    const log = summarizeLog(file.log(), { commissionBps, share: inForce });
    return await compareWithLog(db, { file, log, commissionBps });
  } finally {
    await file?.close();
  }
}
