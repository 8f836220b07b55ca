/** What the files of the running workers say of the terms: each worker comes back every minute. */
import { sql } from 'drizzle-orm';
import type { Rounding } from '../../base/money.js';
import type { Reader } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { TermsFile } from '../rules/terms.js';

/** A worker that has not come back for so long has ended, however it did. */
const GONE_AFTER = sql`interval '3 minutes'`;

export interface RunningFile extends TermsFile {
  /** Host and process. */
  readonly worker: string;
}

/** Keeps what this worker's file says; those that have ended are forgotten. */
export async function keepFile(reader: Reader, worker: string, file: TermsFile): Promise<void> {
  const { commissionBps, thresholdWei, minIntervalMs, rounding } = file.values;
  const named = file.namedMs === null ? null : new Date(file.namedMs).toISOString();
  await reader.execute(sql`
    INSERT INTO worker_terms (worker, commission_bps, threshold_wei, min_interval_ms, rounding, named_from, seen_at)
    VALUES (${worker}, ${commissionBps}, ${thresholdWei.toString()}, ${minIntervalMs}, ${rounding}, ${named},
            clock_timestamp())
    ON CONFLICT (worker) DO UPDATE SET seen_at = excluded.seen_at`);
  await reader.execute(
    sql`DELETE FROM worker_terms WHERE seen_at < clock_timestamp() - 2 * ${GONE_AFTER}`,
  );
}

/** A worker that stops says so. */
export async function forgetFile(reader: Reader, worker: string): Promise<void> {
  await reader.execute(sql`DELETE FROM worker_terms WHERE worker = ${worker}`);
}

/** What workers that run now have read at their start. */
export async function runningFiles(reader: Reader): Promise<readonly RunningFile[]> {
  const rows = await query<{
    worker: string;
    commission_bps: number;
    threshold_wei: string;
    min_interval_ms: string;
    rounding: Rounding;
    named_ms: string | null;
  }>(
    reader,
    sql`SELECT worker, commission_bps, threshold_wei, min_interval_ms, rounding,
               round(extract(epoch FROM named_from) * 1000)::bigint AS named_ms
          FROM worker_terms WHERE seen_at > clock_timestamp() - ${GONE_AFTER} ORDER BY worker`,
  );
  return rows.map((row) => ({
    worker: row.worker,
    namedMs: row.named_ms === null ? null : Number(row.named_ms),
    values: {
      commissionBps: row.commission_bps,
      thresholdWei: BigInt(row.threshold_wei),
      minIntervalMs: Number(row.min_interval_ms),
      rounding: row.rounding,
    },
  }));
}
