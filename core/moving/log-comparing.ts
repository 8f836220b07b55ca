/** Compares the first manager's file with the jobs of the ledger, job by job. */
import type { Reader } from '../db/database.js';
import type { FirstManagerFile } from './first-manager-file.js';
import { type BookDifference, explainBooks, formulaOf, statedByAddress } from './rules/books.js';
import type { LogSummary } from './rules/first-manager.js';
import { LogComparison } from './rules/log-comparison.js';
import { creditedByPayee, jobEvents } from './store/credited-jobs.js';

/** Reads every job of the log and of the ledger once, and explains what differs for each payee. */
export async function compareWithLog(
  reader: Reader,
  given: {
    readonly file: Pick<FirstManagerFile, 'workers' | 'log'>;
    readonly log: Pick<LogSummary, 'byAddress'>;
    readonly commissionBps: number;
  },
): Promise<readonly BookDifference[]> {
  const { file, log, commissionBps } = given;
  const stated = statedByAddress(file.workers);
  const formula = formulaOf(stated, log);
  const comparison = new LogComparison(file.log(), { formula, commissionBps });
  for await (const page of jobEvents(reader)) {
    for (const job of page) comparison.take(job);
  }
  const credited = await creditedByPayee(reader);
  return explainBooks({ stated, credited, causes: comparison.end(), formula });
}
