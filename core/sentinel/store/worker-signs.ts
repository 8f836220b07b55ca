/** Reads the remote workers that show a sign of fraud: from hours, days of earnings and live connections. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { orNull, rows } from '../../db/query.js';
import { remoteWorker } from '../../ledger/store/tables.js';
import { liveConnections } from '../../payees/store/remote-worker-reads.js';
import { MOST_SUBJECTS } from '../rules/source-figures.js';
import {
  type DearWork,
  FAST_TIMES,
  INSTANT_SHARE_BPS,
  type LateWork,
  LEAST_PRICE_DAYS,
  LEAST_SIGN_JOBS,
  LEAST_SIGN_WORKERS,
  MOST_PAYEES_OF_HOST,
  MOST_PIXELS_PER_SECOND,
  PRICE_DAYS,
  type SharedHost,
  type WorkerSigns,
} from '../rules/watch-workers.js';

const HOUR_MS = 3_600_000;
const { payee, nodeType, region } = remoteWorker;
const PLACE = { payee, nodeType, region, pipeline: String, modelId: String };
/** So many payees of a shared connection are named. */
const EXAMPLES = 5;

export async function readWorkerSigns(
  reader: Reader,
  { now, priceJumpFactor }: { readonly now: Date; readonly priceJumpFactor: number },
): Promise<WorkerSigns> {
  return {
    late: await readLate(reader, now),
    dear: await readDear(reader, now, priceJumpFactor),
    shared: await readShared(reader),
  };
}

/** Only workers that stand out are read: a look must cost little in a pool of thousands. */
async function readLate(reader: Reader, now: Date): Promise<readonly LateWork[]> {
  const fromMs = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS - HOUR_MS;
  return rows(
    reader,
    {
      ...PLACE,
      jobs: Number,
      instantJobs: Number,
      unitsPerSecond: orNull(Number),
      usualPerSecond: orNull(Number),
    },
    sql`WITH work AS (
          SELECT w.payee, w.node_type, w.region, h.pipeline, h.model_id,
                 sum(h.jobs) AS jobs, sum(h.instant_jobs) AS instant_jobs,
                 CASE WHEN sum(h.jobs) - sum(h.instant_jobs) >= ${LEAST_SIGN_JOBS} AND sum(h.response_us) > 0
                      THEN (sum(h.timed_units) * 1000000 / sum(h.response_us))::float8 END AS per_second
            FROM worker_hour h JOIN remote_worker w ON w.id = h.remote_worker_id
           WHERE h.hour >= ${new Date(fromMs).toISOString()}::timestamptz AND h.hour <= ${now.toISOString()}::timestamptz
           GROUP BY w.id, h.pipeline, h.model_id),
        usual AS (
          SELECT node_type, pipeline, model_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY per_second) AS per_second
            FROM work WHERE per_second > 0 GROUP BY 1, 2, 3 HAVING count(*) >= ${LEAST_SIGN_WORKERS})
        SELECT payee, node_type AS "nodeType", region, pipeline, model_id AS "modelId", jobs, instant_jobs AS "instantJobs",
               w.per_second AS "unitsPerSecond", u.per_second AS "usualPerSecond"
          FROM work w LEFT JOIN usual u USING (node_type, pipeline, model_id)
         WHERE w.per_second >= u.per_second * ${FAST_TIMES}
            OR (node_type = 'transcode' AND w.per_second > ${MOST_PIXELS_PER_SECOND})
            OR (instant_jobs >= ${LEAST_SIGN_JOBS} AND instant_jobs * 10000 >= jobs * ${INSTANT_SHARE_BPS})
         ORDER BY w.per_second DESC NULLS LAST, instant_jobs DESC, payee LIMIT ${MOST_SUBJECTS}`,
  );
}

/** A worker that is dearer than before and than all others: when all become dearer, the orchestrator's price has changed. */
async function readDear(reader: Reader, now: Date, factor: number): Promise<readonly DearWork[]> {
  const day = now.toISOString().slice(0, 10);
  return rows(
    reader,
    { ...PLACE, jobs: Number, perUnitNano: BigInt, beforeNano: BigInt, othersNano: BigInt },
    sql`WITH today AS (
          SELECT w.id, w.payee, w.node_type, w.region, d.pipeline, d.model_id, d.jobs, d.gross_wei, d.compute_units
            FROM remote_worker w JOIN earning_day d ON d.remote_worker_id = w.id AND d.day = ${day}::date
           WHERE w.last_event_at >= ${day}::date AT TIME ZONE 'UTC'
             AND d.jobs >= ${LEAST_SIGN_JOBS} AND d.compute_units > 0),
        kind AS (
          SELECT node_type, pipeline, model_id, sum(gross_wei) AS gross_wei, sum(compute_units) AS compute_units
            FROM today GROUP BY 1, 2, 3 HAVING count(*) >= ${LEAST_SIGN_WORKERS}),
        priced AS (
          SELECT t.*, floor(t.gross_wei * 1000000000 / t.compute_units) AS nano,
                 floor((k.gross_wei - t.gross_wei) * 1000000000 / (k.compute_units - t.compute_units)) AS others
            FROM today t JOIN kind k USING (node_type, pipeline, model_id)),
        compared AS (
          SELECT p.*, before.nano AS before FROM priced p CROSS JOIN LATERAL (
                 SELECT floor(sum(e.gross_wei) * 1000000000 / sum(e.compute_units)) AS nano
                   FROM earning_day e WHERE e.remote_worker_id = p.id AND e.pipeline = p.pipeline AND e.model_id = p.model_id
                    AND e.day < ${day}::date AND e.day >= ${day}::date - ${PRICE_DAYS}::int
                    AND e.jobs >= ${LEAST_SIGN_JOBS} AND e.compute_units > 0
                 HAVING count(*) >= ${LEAST_PRICE_DAYS}) before
           WHERE p.nano > 0 AND p.nano >= p.others * ${factor})
        SELECT payee, node_type AS "nodeType", region, pipeline, model_id AS "modelId", jobs, nano AS "perUnitNano",
               before AS "beforeNano", others AS "othersNano"
          FROM compared WHERE nano >= before * ${factor} ORDER BY nano DESC, payee LIMIT ${MOST_SUBJECTS}`,
  );
}

async function readShared(reader: Reader): Promise<readonly SharedHost[]> {
  return rows(
    reader,
    { host: String, payees: Number, examples: (payees: string[]) => payees },
    sql`SELECT host, count(*) AS payees, (array_agg(payee ORDER BY payee))[1:${sql.raw(String(EXAMPLES))}] AS examples
          FROM (SELECT DISTINCT w.payee, regexp_replace(live.connection, ':[0-9]+$', '') AS host
                  FROM remote_worker w CROSS JOIN LATERAL (SELECT c.connection ${liveConnections(1)}) live) up
         WHERE host <> '' GROUP BY host HAVING count(*) > ${MOST_PAYEES_OF_HOST}
         ORDER BY count(*) DESC, host LIMIT ${MOST_SUBJECTS}`,
  );
}
