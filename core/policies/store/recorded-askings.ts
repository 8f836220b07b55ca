/** Reads when rates were recorded: at these moments the pool's policy was certainly asked. */
import { sql } from 'drizzle-orm';
import { listOf } from '../../base/lists.js';
import { remoteWorkerKey } from '../../base/remote-worker.js';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { remoteWorker } from '../../ledger/store/tables.js';

export interface RecordedAskings {
  /** By `remoteWorkerKey`, ascending. */
  readonly ofWorker: ReadonlyMap<string, readonly number[]>;
  /** All of them, ascending, each once. */
  readonly all: readonly number[];
}

/**
 * The rates of one worker that were recorded at once are one plan, which holds from the moment of asking on, or from a later one
 * when only that changed. Plans from the beginning of time are left out: they were made for a worker that nobody knew.
 */
export async function readAskings(
  reader: Reader,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<RecordedAskings> {
  const { payee, nodeType, region } = remoteWorker;
  const found = await rows(
    reader,
    { payee, nodeType, region, askedMs: Number },
    sql`SELECT payee, node_type AS "nodeType", region,
               (extract(epoch FROM asked_at) * 1000)::float8 AS "askedMs"
          FROM (SELECT payee, node_type, region, min(from_dt) AS first_dt, least(min(from_dt), recorded_at) AS asked_at
                  FROM worker_rate GROUP BY payee, node_type, region, recorded_at) plan
         WHERE first_dt > to_timestamp(0) AND asked_at >= ${new Date(fromMs).toISOString()}::timestamptz
           AND asked_at < ${new Date(toMs).toISOString()}::timestamptz
         ORDER BY asked_at`,
  );
  const ofWorker = new Map<string, number[]>();
  for (const row of found) listOf(ofWorker, remoteWorkerKey(row)).push(row.askedMs);
  return { ofWorker, all: [...new Set(found.map(({ askedMs }) => askedMs))] };
}
