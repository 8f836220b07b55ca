/** Makes the statements of a batch, except for its copied rows. They are text, to go out in one round trip. */
import type { PoolClient } from 'pg';
import { type RemoteWorker, remoteWorkerKey } from '../../../base/remote-worker.js';
import {
  isoDay,
  isoTime,
  sqlArray,
  sqlRows,
  sqlText,
  sqlTime,
} from '../../../db/copy/copy-text.js';
import type { BatchCredits, EventKey } from '../../rules/credit.js';
import { ledgerEntries } from '../../rules/credit-tally.js';
import { hoursStatement } from './hour-writes.js';

/** Returns the id of a remote worker by its `remoteWorkerKey`. */
export type WorkerIds = (workerKey: string) => number;

/** What a batch changes in the row of its source. */
export interface SourceUpdate {
  readonly sourceId: string;
  readonly batchNo: number;
  readonly freshCount: number;
  readonly newestMs: number;
  readonly nowMs: number;
  readonly cursorHintMs: number | null;
  /** Whether the batch comes from a dump, which does not show when its source last gave events. */
  readonly isOfDump: boolean;
  /** How many of the jobs were compared with those of other sources. */
  readonly compared: number;
  readonly isProven: boolean;
}

/** Returns the statements of round trip 3, without the COPY and without the COMMIT that ends it. */
export function writeStatements(
  batch: SourceUpdate,
  credits: BatchCredits,
  workerIds: WorkerIds,
): readonly string[] {
  const source = sqlText(batch.sourceId);
  const statements = [
    `UPDATE source SET next_seq = next_seq + ${batch.freshCount}, next_batch = next_batch + 1,
       newest_dt = GREATEST(newest_dt, ${sqlTime(batch.newestMs)}),
       ${batch.isOfDump ? '' : `last_fresh_at = ${sqlTime(batch.nowMs)},`}
       ${batch.compared === 0 ? '' : `watch_left = GREATEST(watch_left - ${batch.compared}, 0),`}
       ${batch.isProven ? 'move_unproven = false,' : ''}
       cursor_dt = GREATEST(cursor_dt, ${sqlTime(batch.cursorHintMs)}) WHERE id = ${source}`,
    statsStatement(credits, workerIds),
    countsStatement(source, credits),
  ];
  if (credits.prices.length > 0) statements.push(pricesStatement(source, credits));
  if (credits.postings.length > 0) {
    statements.push(postingsStatement(source, batch.batchNo, { credits, workerIds }));
  }
  // After the postings: every transaction writes balances before days (migration 0031).
  if (credits.days.length > 0) statements.push(daysStatement(credits, workerIds));
  if (credits.hours.length > 0) statements.push(hoursStatement(credits.hours, workerIds));
  if (credits.connections.length > 0) {
    statements.push(
      connectionsStatement(source, credits, workerIds),
      connectionChangesStatement(source, credits, workerIds),
    );
  }
  if (credits.resets.length > 0) {
    statements.push(resetsStatement(source, credits), resetChangesStatement(source, credits));
  }
  if (credits.closed.length > 0) {
    statements.push(`DELETE FROM unmatched_job u USING ${keyRows(credits.closed)}
      AS k(dt, event_id) WHERE ${isKey(source)}`);
  }
  if (credits.reheld.length > 0) {
    statements.push(
      `UPDATE unmatched_job u SET reason = k.reason FROM ${sqlRows(credits.reheld, [
        ...KEY_COLUMNS,
        ['text', (half) => half.reason],
      ])} AS k(dt, event_id, reason) WHERE ${isKey(source)}`,
    );
  }
  return statements;
}

const KEY_COLUMNS = [
  ['timestamptz', (key: EventKey) => isoTime(key.dtMs)],
  ['text', (key: EventKey) => key.eventId],
] as const;
const keyRows = (keys: readonly EventKey[]): string => sqlRows(keys, KEY_COLUMNS);
const isKey = (source: string): string =>
  `u.source_id = ${source} AND u.dt = k.dt AND u.event_id = k.event_id`;

/** Adds the batch's figures to the workers. They are locked in order, because two sources may credit the same ones. */
function statsStatement({ workers }: BatchCredits, workerIds: WorkerIds): string {
  const rows = [...workers].map(([key, stats]) => ({ id: workerIds(key), ...stats }));
  const ids = sqlArray(
    'bigint',
    rows.map(({ id }) => id),
  );
  return `WITH locked AS MATERIALIZED (
      SELECT id FROM remote_worker WHERE id = ANY (${ids}) ORDER BY id FOR NO KEY UPDATE)
    UPDATE remote_worker w SET jobs = w.jobs + k.jobs,
      zero_fee_jobs = w.zero_fee_jobs + k.zero_fee_jobs,
      compute_units = w.compute_units + k.compute_units,
      last_event_at = GREATEST(w.last_event_at, k.last_event_at)
    FROM ${sqlRows(rows, [
      ['bigint', (row) => row.id],
      ['bigint', (row) => row.jobs],
      ['bigint', (row) => row.zeroFeeJobs],
      ['numeric', (row) => row.computeUnits],
      ['timestamptz', (row) => isoTime(row.lastEventMs)],
    ])} AS k(id, jobs, zero_fee_jobs, compute_units, last_event_at)
    JOIN locked USING (id) WHERE w.id = k.id`;
}

/**
 * Inserts postings and entries. All entries are in one INSERT, because the trigger of the ledger checks their sums. The
 * postings are made by MERGE, which alone returns which input row became which posting.
 */
function postingsStatement(
  source: string,
  batchNo: number,
  { credits, workerIds }: { readonly credits: BatchCredits; readonly workerIds: WorkerIds },
): string {
  const idOf = (key: string | null): number | null => (key === null ? null : workerIds(key));
  const entries = credits.postings.flatMap((posting, i) =>
    ledgerEntries(posting).map((entry) => ({ i: i + 1, entry })),
  );
  return `WITH made AS (
      MERGE INTO posting USING (SELECT * FROM ${sqlRows(credits.postings, [
        ['text', (row) => row.kind],
        ['bigint', (row) => idOf(row.workerKey)],
        ['integer', (row) => row.termsId],
        ['bigint', (row) => row.rateId],
        ['timestamptz', (row) => isoTime(row.firstMs)],
        ['timestamptz', (row) => isoTime(row.lastMs)],
      ])} WITH ORDINALITY) AS k(kind, worker, terms, rate, first_dt, last_dt, i) ON false
      WHEN NOT MATCHED THEN INSERT (kind, source_id, batch, remote_worker_id, terms_id, rate_id, first_dt, last_dt)
        VALUES (k.kind, ${source}, ${batchNo}, k.worker, k.terms, k.rate, k.first_dt, k.last_dt)
      RETURNING k.i, posting.id)
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    SELECT made.id, e.account, e.account_worker, e.amount FROM ${sqlRows(entries, [
      ['bigint', ({ i }) => i],
      ['text', ({ entry }) => entry.account],
      ['bigint', ({ entry }) => idOf(entry.workerKey) ?? 0],
      ['numeric', ({ entry }) => entry.amountWei],
    ])} AS e(i, account, account_worker, amount) JOIN made USING (i)`;
}

/** Adds what the jobs earned to the days of their workers. A trigger keeps the sums of the days. */
function daysStatement({ days }: BatchCredits, workerIds: WorkerIds): string {
  return `INSERT INTO earning_day AS d
      (remote_worker_id, day, pipeline, model_id, jobs, compute_units, gross_wei, commission_wei)
    SELECT * FROM ${sqlRows(days, [
      ['bigint', (row) => workerIds(row.workerKey)],
      ['date', (row) => isoDay(row.dayMs)],
      ['text', (row) => row.pipeline],
      ['text', (row) => row.modelId],
      ['bigint', (row) => row.jobs],
      ['numeric', (row) => row.computeUnits],
      ['numeric', (row) => row.grossWei],
      ['numeric', (row) => row.commissionWei],
    ])} ORDER BY 1, 2, 3, 4
    ON CONFLICT (remote_worker_id, day, pipeline, model_id) DO UPDATE
      SET jobs = d.jobs + excluded.jobs, compute_units = d.compute_units + excluded.compute_units,
          gross_wei = d.gross_wei + excluded.gross_wei,
          commission_wei = d.commission_wei + excluded.commission_wei`;
}

function connectionsStatement(
  source: string,
  { connections }: BatchCredits,
  workerIds: WorkerIds,
): string {
  return `INSERT INTO connection AS c
      (source_id, remote_worker_id, connection, up, changed_dt, changed_seq)
    SELECT ${source}, k.* FROM ${sqlRows(connections, [
      ['bigint', (row) => workerIds(row.workerKey)],
      ['text', (row) => row.connection],
      ['boolean', (row) => row.up],
      ['timestamptz', (row) => isoTime(row.at.dtMs)],
      ['bigint', (row) => row.at.seq],
    ])} AS k
    ON CONFLICT (source_id, remote_worker_id, connection) DO UPDATE
      SET up = excluded.up, changed_dt = excluded.changed_dt, changed_seq = excluded.changed_seq
      WHERE (excluded.changed_dt, excluded.changed_seq) > (c.changed_dt, c.changed_seq)`;
}

function resetsStatement(source: string, { resets }: BatchCredits): string {
  return `INSERT INTO source_reset AS r (source_id, region, node_type, reset_dt, reset_seq)
    SELECT ${source}, k.* FROM ${sqlRows(resets, [
      ['text', (row) => row.region],
      ['text', (row) => row.nodeType],
      ['timestamptz', (row) => isoTime(row.at.dtMs)],
      ['bigint', (row) => row.at.seq],
    ])} AS k
    ON CONFLICT (source_id, region, node_type) DO UPDATE
      SET reset_dt = excluded.reset_dt, reset_seq = excluded.reset_seq
      WHERE (excluded.reset_dt, excluded.reset_seq) > (r.reset_dt, r.reset_seq)`;
}

function connectionChangesStatement(
  source: string,
  { connectionChanges }: BatchCredits,
  workerIds: WorkerIds,
): string {
  return `INSERT INTO connection_change
      (source_id, remote_worker_id, connection, up, changed_dt, changed_seq)
    SELECT ${source}, k.* FROM ${sqlRows(connectionChanges, [
      ['bigint', (row) => workerIds(row.workerKey)],
      ['text', (row) => row.connection],
      ['boolean', (row) => row.up],
      ['timestamptz', (row) => isoTime(row.at.dtMs)],
      ['bigint', (row) => row.at.seq],
    ])} AS k`;
}

function resetChangesStatement(source: string, { resetChanges }: BatchCredits): string {
  return `INSERT INTO reset_change (source_id, region, node_type, reset_dt, reset_seq)
    SELECT ${source}, k.* FROM ${sqlRows(resetChanges, [
      ['text', (row) => row.region],
      ['text', (row) => row.nodeType],
      ['timestamptz', (row) => isoTime(row.at.dtMs)],
      ['bigint', (row) => row.at.seq],
    ])} AS k`;
}

function countsStatement(source: string, { counts }: BatchCredits): string {
  return `INSERT INTO event_count AS c
      (source_id, hour, event_type, version, events, zero_fee_events)
    SELECT ${source}, k.* FROM ${sqlRows(counts, [
      ['timestamptz', (row) => isoTime(row.hourMs)],
      ['text', (row) => row.eventType],
      ['integer', (row) => row.version],
      ['bigint', (row) => row.events],
      ['bigint', (row) => row.zeroFeeEvents],
    ])} AS k
    ON CONFLICT (source_id, hour, event_type, version) DO UPDATE
      SET events = c.events + excluded.events,
          zero_fee_events = c.zero_fee_events + excluded.zero_fee_events`;
}

function pricesStatement(source: string, { prices }: BatchCredits): string {
  return `INSERT INTO job_price AS p
      (source_id, hour, node_type, pipeline, model_id, jobs, gross_wei, compute_units)
    SELECT ${source}, k.* FROM ${sqlRows(prices, [
      ['timestamptz', (row) => isoTime(row.hourMs)],
      ['text', (row) => row.nodeType],
      ['text', (row) => row.pipeline],
      ['text', (row) => row.modelId],
      ['bigint', (row) => row.jobs],
      ['numeric', (row) => row.grossWei],
      ['numeric', (row) => row.computeUnits],
    ])} AS k
    ON CONFLICT (source_id, hour, node_type, pipeline, model_id) DO UPDATE
      SET jobs = p.jobs + excluded.jobs, gross_wei = p.gross_wei + excluded.gross_wei,
          compute_units = p.compute_units + excluded.compute_units`;
}

/**
 * Inserts new workers, and returns the ids of all by `remoteWorkerKey`. It inserts in the order of the keys: otherwise
 * two sources that meet the same new workers at once could deadlock.
 */
export async function identifyWorkers(
  client: PoolClient,
  workers: readonly RemoteWorker[],
): Promise<ReadonlyMap<string, number>> {
  const sorted = [...workers].sort((a, b) => (remoteWorkerKey(a) < remoteWorkerKey(b) ? -1 : 1));
  const unnested = sqlRows(sorted, [
    ['text', ({ payee }) => payee],
    ['text', ({ nodeType }) => nodeType],
    ['text', ({ region }) => region],
  ]);
  const rows = `${unnested} AS k(payee, node_type, region)`;
  const results: unknown = await client.query(`
    INSERT INTO payee (address) SELECT DISTINCT payee FROM ${rows} ORDER BY payee
      ON CONFLICT DO NOTHING;
    INSERT INTO remote_worker (payee, node_type, region) SELECT * FROM ${rows}
      ON CONFLICT DO NOTHING;
    SELECT w.id::float8 AS id, w.payee, w.node_type AS "nodeType", w.region
      FROM ${rows} JOIN remote_worker w USING (payee, node_type, region)`);
  const found = (results as { rows: (RemoteWorker & { readonly id: number })[] }[])[2]?.rows ?? [];
  return new Map(found.map((worker) => [remoteWorkerKey(worker), worker.id]));
}
