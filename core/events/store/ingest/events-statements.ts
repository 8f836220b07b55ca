/** The statements of one batch, as text: several go over the wire in one turn. */

import { isoTime, type SqlValue, sqlArray, sqlText, sqlTime } from '../../../db/copy/copy-text.js';
import { READ_TERMS } from '../../../terms/store/terms-rows.js';
import type { BatchCredits, EventKey, StoredHalf } from '../../rules/credit.js';
import { ledgerEntries } from '../../rules/credit-tally.js';
import { type PreparedEvent, STORED_HASH } from './events-prepared.js';
import { UUIDS_FROM } from './events-uuids.js';

/** Ids of remote workers by `remoteWorkerKey`. */
export type WorkerIds = (workerKey: string) => number;

type ArrayType = Parameters<typeof sqlArray>[0];

/** `unnest(…)` of one array per column. */
function unnestRows<T>(
  rows: readonly T[],
  columns: readonly (readonly [ArrayType, (row: T) => SqlValue])[],
): string {
  const arrays = columns.map(([type, pick]) => sqlArray(type, rows.map(pick)));
  return `unnest(${arrays.join(', ')})`;
}

const at = (timeMs: number): string => isoTime(timeMs);

/** What a batch asks of the source before it is credited, and of the others that it may have to be compared with. */
export interface SourceRow {
  readonly id: string;
  readonly kind: string;
  readonly reads_from: string;
  readonly region: string | null;
  readonly node_type: string | null;
  readonly created_ms: string;
  readonly next_seq: string;
  readonly next_batch: string;
  readonly archived_ms: string | null;
  readonly newest_ms: string | null;
  readonly watch_left: string;
  readonly stopped_why: string | null;
  readonly is_removed: boolean;
  readonly move_unproven: boolean;
  /** Whether the others were locked too. */
  readonly locks_all: boolean;
}

const SOURCE_COLUMNS = `s.id, s.kind, s.reads_from, s.region, s.node_type, s.next_seq, s.next_batch, s.watch_left,
  s.stopped_why, s.removed_at IS NOT NULL AS is_removed, s.move_unproven,
  extract(epoch FROM s.created_at) * 1000 AS created_ms,
  extract(epoch FROM s.archived_to) * 1000 AS archived_ms,
  extract(epoch FROM s.newest_dt) * 1000 AS newest_ms`;

/**
 * Turn 1. The lock is a statement of its own: what follows it sees what was committed before. A source that may
 * give another's events locks all of them, in their order, so that of two that read the same at once the
 * second sees what the first has stored; an old one locks itself alone.
 */
export function readStatements(
  sourceId: string,
  batch: {
    /** Those that may be known, by their places in the batch. */
    readonly keys: readonly PlacedKey[];
    readonly spans: ReadonlyMap<string, RequestSpan>;
    /** It is compared with the others, however old the source is. */
    readonly isWatched: boolean;
  },
): string {
  const source = sqlText(sourceId);
  return `BEGIN;
    SELECT ${SOURCE_COLUMNS}, own.locks_all FROM source s CROSS JOIN (
        SELECT ${batch.isWatched} OR watch_left > 0 AS locks_all FROM source WHERE id = ${source}) own
     WHERE s.id = ${source} OR own.locks_all ORDER BY s.id FOR UPDATE OF s;
    SELECT ${SOURCE_COLUMNS}, false AS locks_all FROM source s WHERE s.id <> ${source} ORDER BY s.id;
    SELECT EXISTS (SELECT FROM decided_job WHERE source_id = ${source}) AS has_decisions,
      (SELECT extract(epoch FROM value::timestamptz) * 1000 FROM setting WHERE key = '${UUIDS_FROM}') AS uuids_ms;
    ${knownStatement(sourceId, batch.keys)};
    ${openHalvesStatement(source, batch.spans)};
    ${READ_TERMS}`;
}

/** A key and its place in its batch. */
export interface PlacedKey {
  readonly i: number;
  readonly key: EventKey;
}

/** Which of the keys are stored, with the hashes of their texts. */
export function knownStatement(sourceId: string, keys: readonly PlacedKey[]): string {
  const source = sqlText(sourceId);
  return `SELECT k.i, e.hash FROM ${unnestRows(keys, [
    ['integer', ({ i }) => i],
    ['timestamptz', ({ key }) => at(key.dtMs)],
    ['text', ({ key }) => key.eventId],
  ])} AS k(i, dt, event_id) CROSS JOIN LATERAL (
      SELECT ${STORED_HASH} AS hash FROM pool_event p
       WHERE p.source_id = ${source} AND p.dt = k.dt AND p.event_id = k.event_id
         AND ${isWithin(keys)} OFFSET 0) AS e`;
}

/** Nothing new beside the keys themselves, but said in numbers: the planner then knows which months to open. */
function isWithin(keys: readonly PlacedKey[]): string {
  let [firstMs, lastMs] = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  for (const { key } of keys) {
    firstMs = Math.min(firstMs, key.dtMs);
    lastMs = Math.max(lastMs, key.dtMs);
  }
  return keys.length === 0 ? 'false' : `p.dt BETWEEN ${sqlTime(firstMs)} AND ${sqlTime(lastMs)}`;
}

/** From when to when the other half of a request can lie. */
export interface RequestSpan {
  fromMs: number;
  toMs: number;
}

/** The requests of a batch. */
export function requestSpans(
  events: readonly PreparedEvent[],
  windowMs: number,
): ReadonlyMap<string, RequestSpan> {
  const spans = new Map<string, RequestSpan>();
  for (const { content, dtMs } of events) {
    if (content.kind !== 'received' && content.kind !== 'job') continue;
    const { requestId } = content;
    if (requestId === null) continue;
    const [fromMs, toMs] = [dtMs - windowMs, dtMs + windowMs];
    const span = spans.get(requestId);
    if (span === undefined) {
      spans.set(requestId, { fromMs, toMs });
    } else {
      span.fromMs = Math.min(span.fromMs, fromMs);
      span.toMs = Math.max(span.toMs, toMs);
    }
  }
  return spans;
}

/**
 * Open halves that the requests could find, with the workers of the received ones: between the first
 * span's beginning and the last one's end, so that some are of another time than their request's.
 */
function openHalvesStatement(source: string, spans: ReadonlyMap<string, RequestSpan>): string {
  // A processed half whose received half named nobody has found it: it is no candidate again.
  return `SELECT j.role, j.dt, j.event_id, j.request_id, j.reason, j.gross_wei, j.compute_units,
      j.terms_id, w.payee, w.node_type, w.region
    FROM unmatched_job j LEFT JOIN remote_worker w ON w.id = j.remote_worker_id
   WHERE j.source_id = ${source} AND ${isRequested('j', spans)}
     AND NOT (j.role = 'processed' AND j.reason = 'no-address')`;
}

/**
 * A processed half that a person decided about stays a candidate, held: its late received half must not
 * find another job.
 */
export function decidedHalvesStatement(
  sourceId: string,
  spans: ReadonlyMap<string, RequestSpan>,
): string {
  return `SELECT 'processed' AS role, d.dt, d.event_id, d.request_id, 'ambiguous' AS reason,
      NULL AS gross_wei, NULL AS compute_units, NULL AS terms_id,
      NULL AS payee, NULL AS node_type, NULL AS region
    FROM decided_job d
   WHERE d.source_id = ${sqlText(sourceId)} AND ${isRequested('d', spans)}
     AND d.unmatched_reason <> 'no-address'`;
}

/** As one list of constants, which is hashed: joined row by row, a batch takes four times as long. */
function isRequested(table: string, spans: ReadonlyMap<string, RequestSpan>): string {
  if (spans.size === 0) return 'false';
  let [firstMs, lastMs] = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  for (const { fromMs, toMs } of spans.values()) {
    firstMs = Math.min(firstMs, fromMs);
    lastMs = Math.max(lastMs, toMs);
  }
  return `${table}.request_id = ANY (${sqlArray('text', spans.keys())})
    AND ${table}.dt BETWEEN ${sqlTime(firstMs)} AND ${sqlTime(lastMs)}`;
}

/** Turn 3 without what is copied, and the COMMIT that ends it. */
export function writeStatements(
  batch: {
    readonly sourceId: string;
    readonly batchNo: number;
    readonly freshCount: number;
    readonly newestMs: number;
    /** The present. */
    readonly nowMs: number;
    readonly cursorHintMs: number | null;
    /** A dump that is read beside the source says nothing about when it spoke last. */
    readonly isBeside: boolean;
    /** Of its jobs so many were compared with those of other sources. */
    readonly compared: number;
    readonly isProven: boolean;
  },
  credits: BatchCredits,
  workerIds: WorkerIds,
): readonly string[] {
  const source = sqlText(batch.sourceId);
  const statements = [
    `UPDATE source SET next_seq = next_seq + ${batch.freshCount}, next_batch = next_batch + 1,
       newest_dt = GREATEST(newest_dt, ${sqlTime(batch.newestMs)}),
       ${batch.isBeside ? '' : `last_fresh_at = ${sqlTime(batch.nowMs)},`}
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
  if (credits.connections.length > 0) {
    statements.push(connectionsStatement(source, credits, workerIds));
  }
  if (credits.resets.length > 0) statements.push(resetsStatement(source, credits));
  if (credits.closed.length > 0) {
    statements.push(`DELETE FROM unmatched_job u USING ${keyRows(credits.closed)}
      AS k(dt, event_id) WHERE ${isKey(source)}`);
  }
  if (credits.reheld.length > 0) {
    statements.push(
      `UPDATE unmatched_job u SET reason = k.reason FROM ${unnestRows(credits.reheld, [
        ...KEY_COLUMNS,
        ['text', (half) => half.reason],
      ])} AS k(dt, event_id, reason) WHERE ${isKey(source)}`,
    );
  }
  return statements;
}

const KEY_COLUMNS = [
  ['timestamptz', (key: EventKey) => at(key.dtMs)],
  ['text', (key: EventKey) => key.eventId],
] as const;
const keyRows = (keys: readonly EventKey[]): string => unnestRows(keys, KEY_COLUMNS);
const isKey = (source: string): string =>
  `u.source_id = ${source} AND u.dt = k.dt AND u.event_id = k.event_id`;

/** Rows are locked in the order of their ids: two sources may pay the same workers. */
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
    FROM ${unnestRows(rows, [
      ['bigint', (row) => row.id],
      ['bigint', (row) => row.jobs],
      ['bigint', (row) => row.zeroFeeJobs],
      ['numeric', (row) => row.computeUnits],
      ['timestamptz', (row) => at(row.lastEventMs)],
    ])} AS k(id, jobs, zero_fee_jobs, compute_units, last_event_at)
    JOIN locked USING (id) WHERE w.id = k.id`;
}

/**
 * One INSERT brings all entries: that is how the ledger's trigger can check their sums. MERGE because it
 * alone tells which of its rows became which posting.
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
      MERGE INTO posting USING (SELECT * FROM ${unnestRows(credits.postings, [
        ['text', (row) => row.kind],
        ['bigint', (row) => idOf(row.workerKey)],
        ['integer', (row) => row.termsId],
      ])} WITH ORDINALITY) AS k(kind, worker, terms, i) ON false
      WHEN NOT MATCHED THEN INSERT (kind, source_id, batch, remote_worker_id, terms_id)
        VALUES (k.kind, ${source}, ${batchNo}, k.worker, k.terms)
      RETURNING k.i, posting.id)
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    SELECT made.id, e.account, e.account_worker, e.amount FROM ${unnestRows(entries, [
      ['bigint', ({ i }) => i],
      ['text', ({ entry }) => entry.account],
      ['bigint', ({ entry }) => idOf(entry.workerKey) ?? 0],
      ['numeric', ({ entry }) => entry.amountWei],
    ])} AS e(i, account, account_worker, amount) JOIN made USING (i)`;
}

function connectionsStatement(
  source: string,
  { connections }: BatchCredits,
  workerIds: WorkerIds,
): string {
  return `INSERT INTO connection AS c
      (source_id, remote_worker_id, connection, up, changed_dt, changed_seq)
    SELECT ${source}, k.* FROM ${unnestRows(connections, [
      ['bigint', (row) => workerIds(row.workerKey)],
      ['text', (row) => row.connection],
      ['boolean', (row) => row.up],
      ['timestamptz', (row) => at(row.at.dtMs)],
      ['bigint', (row) => row.at.seq],
    ])} AS k
    ON CONFLICT (source_id, remote_worker_id, connection) DO UPDATE
      SET up = excluded.up, changed_dt = excluded.changed_dt, changed_seq = excluded.changed_seq
      WHERE (excluded.changed_dt, excluded.changed_seq) > (c.changed_dt, c.changed_seq)`;
}

function resetsStatement(source: string, { resets }: BatchCredits): string {
  return `INSERT INTO source_reset AS r (source_id, region, node_type, reset_dt, reset_seq)
    SELECT ${source}, k.* FROM ${unnestRows(resets, [
      ['text', (row) => row.region],
      ['text', (row) => row.nodeType],
      ['timestamptz', (row) => at(row.at.dtMs)],
      ['bigint', (row) => row.at.seq],
    ])} AS k
    ON CONFLICT (source_id, region, node_type) DO UPDATE
      SET reset_dt = excluded.reset_dt, reset_seq = excluded.reset_seq
      WHERE (excluded.reset_dt, excluded.reset_seq) > (r.reset_dt, r.reset_seq)`;
}

function countsStatement(source: string, { counts }: BatchCredits): string {
  return `INSERT INTO event_count AS c
      (source_id, hour, event_type, version, events, zero_fee_events)
    SELECT ${source}, k.* FROM ${unnestRows(counts, [
      ['timestamptz', (row) => at(row.hourMs)],
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
    SELECT ${source}, k.* FROM ${unnestRows(prices, [
      ['timestamptz', (row) => at(row.hourMs)],
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

export interface OpenHalfRow {
  readonly role: 'received' | 'processed';
  readonly dt: Date;
  readonly event_id: string;
  readonly request_id: string;
  readonly reason: string;
  readonly gross_wei: string | null;
  readonly compute_units: string | null;
  readonly terms_id: number | null;
  readonly payee: `0x${string}` | null;
  readonly node_type: 'ai' | 'transcode' | null;
  readonly region: string | null;
}

/** A row of the open halves as the domain sees it. */
export function toStoredHalf(row: OpenHalfRow): StoredHalf {
  const { payee, node_type: nodeType, region, terms_id: termsId } = row;
  const isWorker = payee !== null && nodeType !== null && region !== null;
  return {
    role: row.role,
    dtMs: row.dt.getTime(),
    eventId: row.event_id,
    requestId: row.request_id,
    isHeld: row.reason === 'ambiguous',
    worker: isWorker ? { payee, nodeType, region } : null,
    job:
      row.role === 'processed' && termsId !== null
        ? {
            grossWei: BigInt(row.gross_wei ?? 0),
            computeUnits: BigInt(row.compute_units ?? 0),
            termsId,
          }
        : null,
  };
}
