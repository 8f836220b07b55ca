/** The terms in the configuration files of the running workers. Each worker stores its own here every minute. */
import { asc, eq, gt, lt, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import type { TermsFile } from '../rules/terms.js';
import { workerTerms } from './tables.js';

/** A worker that has not stored its file for this long is taken to have ended. */
const GONE_AFTER = sql`interval '3 minutes'`;

export interface RunningFile extends TermsFile {
  /** The worker's host and process. */
  readonly worker: string;
}

/** Stores what this worker's file says, and deletes the files of workers that have ended. */
export async function keepFile(reader: Reader, worker: string, file: TermsFile): Promise<void> {
  const namedFrom = file.namedMs === null ? null : new Date(file.namedMs);
  await reader
    .insert(workerTerms)
    .values({ worker, ...file.values, namedFrom, seenAt: sql`clock_timestamp()` })
    .onConflictDoUpdate({ target: workerTerms.worker, set: { seenAt: sql`excluded.seen_at` } });
  await reader
    .delete(workerTerms)
    .where(lt(workerTerms.seenAt, sql`clock_timestamp() - 2 * ${GONE_AFTER}`));
}

/** Deletes the file of a worker that stops. */
export async function forgetFile(reader: Reader, worker: string): Promise<void> {
  await reader.delete(workerTerms).where(eq(workerTerms.worker, worker));
}

/** Lists the files that the running workers read at their start. */
export async function runningFiles(reader: Reader): Promise<readonly RunningFile[]> {
  const { worker, namedFrom } = workerTerms;
  const { commissionBps, thresholdWei, minIntervalMs, rounding, policy } = workerTerms;
  return reader
    .select({
      worker,
      namedMs: sql<number | null>`round(extract(epoch FROM ${namedFrom}) * 1000)::bigint`.mapWith(
        Number,
      ),
      values: { commissionBps, thresholdWei, minIntervalMs, rounding, policy },
    })
    .from(workerTerms)
    .where(gt(workerTerms.seenAt, sql`clock_timestamp() - ${GONE_AFTER}`))
    .orderBy(asc(worker));
}
