/**
 * Years of counted events in the tables, as the manager itself would have left them: raw rows month
 * by month, and what follows from them in the ledger.
 */
import type { Database } from '../../core/db/database.js';
import { writeOldPayouts } from '../payout/old-payouts.js';

export interface History {
  readonly db: Database;
  readonly sourceId: string;
  readonly payees: number;
  /** The first day of the month in which new events arrive: history ends there. */
  readonly endMs: number;
  readonly rowsPerMonth: number;
}

export const HISTORY_REGION = 'bench';
const BATCH = 10_000;
/** At half a million rows a month this makes two payouts for each of a thousand payees. */
const ROWS_PER_PAYOUT = 250;
/** The measured passes begin at these numbers. The history uses the ones below. */
export const FIRST_NEW_SEQ = 1_000_000_000;
export const FIRST_NEW_BATCH = 1_000_000;

/** Adds the workers of the history, with a payee each. */
export async function addWorkers({ db, payees }: History): Promise<void> {
  await db.$client.query(`
    INSERT INTO payee (address)
      SELECT '0x' || repeat('a0be', 8) || lpad(to_hex(n), 8, '0') FROM generate_series(1, ${payees}) n;
    INSERT INTO remote_worker (payee, node_type, region)
      SELECT address, 'ai', '${HISTORY_REGION}' FROM payee ORDER BY address`);
}

/**
 * Writes the n-th month before the end.
 *
 * In ten rows: eight processed jobs, half of them AI, and two received halves. One row in fifty waits for
 * a half that never came: a processed job of nobody, or a received one that was never finished.
 */
export async function addMonth(history: History, monthsBack: number): Promise<void> {
  const { db, sourceId } = history;
  const end = new Date(history.endMs);
  const from = new Date(Date.UTC(end.getUTCFullYear(), end.getUTCMonth() - monthsBack));
  const to = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1));
  const name = `pool_event_${from.toISOString().slice(0, 7).replace('-', '_')}`;
  const month = { name, from: from.toISOString(), to: to.toISOString(), monthsBack };
  await db.$client.query(rawRows(history, month));
  for (const statement of derived(sourceId, month)) await db.$client.query(statement);
  await writeOldPayouts(db, Math.ceil(history.rowsPerMonth / ROWS_PER_PAYOUT), HISTORY_REGION);
  await db.$client.query(`VACUUM (ANALYZE) ${name}`);
}

interface Month {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly monthsBack: number;
}

/** Fills a month's table before it is attached and builds its key at the end, which is the fastest way. */
function rawRows({ sourceId, rowsPerMonth, payees }: History, month: Month): string {
  const { name, from, to, monthsBack } = month;
  const rows = rowsPerMonth;
  // The oldest month has the lowest event numbers.
  const firstSeq = FIRST_NEW_SEQ - monthsBack * rows;
  const firstBatch = FIRST_NEW_BATCH - monthsBack * Math.ceil(rows / BATCH);
  return `CREATE TABLE ${name} (LIKE pool_event INCLUDING DEFAULTS);
    INSERT INTO ${name}
    SELECT '${sourceId}', '${from}'::timestamptz + floor(n * extract(epoch FROM '${to}'::timestamptz - '${from}') / ${rows}) * interval '1 second',
           (${firstSeq} + n)::text, ${firstSeq} + n, ${firstBatch} + n / ${BATCH},
           CASE WHEN n % 10 > 7 THEN 'job-received' ELSE 'job-processed' END, 1, '${HISTORY_REGION}', 'ai',
           CASE WHEN n % 10 > 7 THEN
             E'{\\n  "event_type": "job-received",\\n  "payload": {\\n    "ethAddress": "' || w.payee
               || E'",\\n    "requestID": "' || to_hex(n * 7919) || E'",\\n    "pipeline": "text-to-image",\\n    "modelID": "SG161222/RealVisXL_V4.0_Lightning"\\n  }\\n}'
           ELSE
             E'{\\n  "event_type": "job-processed",\\n  "payload": {\\n    "ethAddress": "' || w.payee
               || E'",\\n    "computeUnits": ' || 20000000 + n % 9000000 || E',\\n    "pricePerComputeUnit": 1200,\\n    "fees": '
               || 100000000000000 + n % 1000003 || E',\\n    "responseTime": 812,\\n    "realTimeRatio": 2,\\n    "duration": 2000\\n  }\\n}'
           END,
           CASE WHEN n % 10 < 8 THEN 100000000000000 + n % 1000003 END,
           CASE WHEN n % 10 < 8 AND n % 100 <> 47 THEN (100000000000000 + n % 1000003) / 4 END,
           CASE WHEN n % 10 < 8 THEN (SELECT min(id) FROM terms) END,
           CASE WHEN n % 100 <> 47 THEN w.id END,
           CASE WHEN n % 10 BETWEEN 4 AND 7 AND n % 100 <> 47 THEN '${from}'::timestamptz END,
           CASE WHEN n % 10 BETWEEN 4 AND 7 AND n % 100 <> 47 THEN (${firstSeq} + n - 1)::text END,
           '${from}'::timestamptz
      FROM generate_series(0::bigint, ${rows - 1}) n
      JOIN (SELECT id, payee, row_number() OVER (ORDER BY id) - 1 AS place FROM remote_worker
             WHERE region = '${HISTORY_REGION}') w ON w.place = n / 10 % ${payees}
     ORDER BY n;
    ALTER TABLE ${name} ADD PRIMARY KEY (source_id, dt, event_id);
    ALTER TABLE pool_event ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`;
}

/** The SQL of a request id. Ids are scattered over the index like random ones, and differ from later ones. */
const REQUEST_ID = `lpad(to_hex(seq * ${0x9e3779b1} % 4294967296), 8, '0')`;

/** Statements that work out, from the rows, the sums that crediting would have kept. */
function derived(sourceId: string, { name }: Month): readonly string[] {
  const isUnattributed = 'gross_wei IS NOT NULL AND remote_worker_id IS NULL';
  return [
    `INSERT INTO event_count (source_id, hour, event_type, version, events)
       SELECT source_id, date_trunc('hour', dt), event_type, version, count(*) FROM ${name} GROUP BY 1, 2, 3, 4`,
    `UPDATE remote_worker w SET jobs = w.jobs + k.jobs, last_event_at = greatest(w.last_event_at, k.dt)
       FROM (SELECT remote_worker_id AS id, count(gross_wei) AS jobs, max(dt) AS dt FROM ${name} GROUP BY 1) k
      WHERE w.id = k.id`,
    `INSERT INTO unmatched_job (source_id, dt, event_id, role, request_id, gross_wei, compute_units, terms_id, reason)
       SELECT source_id, dt, event_id, 'processed', ${REQUEST_ID}, gross_wei, 1, terms_id, 'no-other-half'
         FROM ${name} WHERE ${isUnattributed}`,
    `INSERT INTO unmatched_job (source_id, dt, event_id, role, request_id, remote_worker_id, reason)
       SELECT source_id, dt, event_id, 'received', ${REQUEST_ID}, remote_worker_id, 'no-other-half'
         FROM ${name} WHERE event_type = 'job-received' AND seq % 100 = 8`,
    `INSERT INTO earning_day AS d
         (remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei)
       SELECT remote_worker_id, (dt AT TIME ZONE 'UTC')::date, '', '', count(*), 0, sum(gross_wei), sum(commission_wei)
         FROM ${name} WHERE gross_wei IS NOT NULL AND remote_worker_id IS NOT NULL GROUP BY 1, 2
       ON CONFLICT (remote_worker_id, day, pipeline, model_id) DO UPDATE
         SET jobs = d.jobs + excluded.jobs, gross_wei = d.gross_wei + excluded.gross_wei,
             commission_wei = d.commission_wei + excluded.commission_wei`,
    `WITH sums AS (
       SELECT batch, remote_worker_id AS worker, terms_id, sum(gross_wei) AS gross, sum(commission_wei) AS commission
         FROM ${name} WHERE gross_wei IS NOT NULL GROUP BY 1, 2, 3),
     made AS (
       INSERT INTO posting (kind, source_id, batch, remote_worker_id, terms_id)
       SELECT CASE WHEN worker IS NULL THEN 'unattributed' ELSE 'jobs' END, '${sourceId}', batch, worker, terms_id FROM sums
       RETURNING id, batch, remote_worker_id)
     INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
     SELECT made.id, side.account, side.worker, side.amount
       FROM made JOIN sums ON sums.batch = made.batch AND sums.worker IS NOT DISTINCT FROM made.remote_worker_id
      CROSS JOIN LATERAL (VALUES
        ('revenue', 0::bigint, -gross), ('commission', 0, commission), ('pending', worker, gross - commission),
        ('unattributed', 0, CASE WHEN worker IS NULL THEN gross END)) AS side (account, worker, amount)
      WHERE side.amount IS NOT NULL AND side.worker IS NOT NULL`,
  ];
}
