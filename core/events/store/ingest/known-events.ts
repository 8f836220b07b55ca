/** Reads in one round trip what the store knows about a batch, and locks its source. */
import type { PoolClient, QueryResult } from 'pg';
import { PoolError } from '../../../base/errors/pool-error.js';
import { isoTime, sqlArray, sqlRows, sqlText, sqlTime } from '../../../db/copy/copy-text.js';
import type { Database } from '../../../db/database.js';
import type { Terms } from '../../../terms/rules/terms.js';
import { READ_TERMS, toTerms } from '../../../terms/store/recorded-terms.js';
import { SHARE_RATES } from '../../../terms/store/worker-rates.js';
import type { HalfRole } from '../../rules/ai-job.js';
import type { EventKey, StoredHalf } from '../../rules/credit.js';
import { knownHash, UUIDS_FROM, type UuidRow, uuidsStatement } from './event-uuids.js';
import { HOURS_FROM } from './hour-writes.js';
import { type PreparedEvent, STORED_HASH } from './prepared-events.js';
import type { RateBook } from './rate-book.js';

export interface KnownState {
  readonly own: SourceRow;
  /** All other sources; they are locked too when this source is watched. */
  readonly others: readonly SourceRow[];
  /** Earlier events are archived and their keys gone, for this source or for one that may have had the same events. */
  readonly archivedMs: number;
  /**
   * UUIDs of events before this time are no longer stored, for any source, so such an event cannot be recognised as a
   * duplicate.
   */
  readonly uuidsMs: number;
  /** Hashes of the events that are stored already, by their index in the batch. */
  readonly hashes: ReadonlyMap<number, string>;
  readonly openHalves: readonly StoredHalf[];
  /** How jobs went is kept by the hour from this time on. */
  readonly hoursFromMs: number;
  readonly terms: readonly Terms[];
}

/** What a batch has to know about its own source, and about others that it may be compared with. */
export interface SourceRow {
  readonly id: string;
  readonly kind: string;
  readonly readsFrom: string;
  readonly region: string | null;
  readonly nodeType: string | null;
  readonly createdMs: number;
  readonly nextSeq: number;
  readonly nextBatch: number;
  /** Events before this time are archived and their keys are gone. Minus infinity when nothing was archived. */
  readonly archivedMs: number;
  /** The time of the newest stored event of the source. Minus infinity when there is none. */
  readonly newestMs: number;
  readonly watchLeft: number;
  readonly stoppedWhy: string | null;
  readonly isRemoved: boolean;
  readonly moveUnproven: boolean;
  /** Whether the other sources were locked together with this one. */
  readonly locksAll: boolean;
}

// Numbers are read as float8, which the driver returns as numbers; each of these is far below 2^53.
const SOURCE_COLUMNS = `s.id, s.kind, s.reads_from AS "readsFrom", s.region, s.node_type AS "nodeType",
  s.next_seq::float8 AS "nextSeq", s.next_batch::float8 AS "nextBatch",
  s.watch_left::float8 AS "watchLeft", s.stopped_why AS "stoppedWhy",
  s.removed_at IS NOT NULL AS "isRemoved", s.move_unproven AS "moveUnproven",
  (extract(epoch FROM s.created_at) * 1000)::float8 AS "createdMs",
  coalesce((extract(epoch FROM s.archived_to) * 1000)::float8, '-Infinity') AS "archivedMs",
  coalesce((extract(epoch FROM s.newest_dt) * 1000)::float8, '-Infinity') AS "newestMs"`;

/** Thrown when the transaction has to begin again and lock more. */
export class LockAgain extends Error {
  override readonly name = 'LockAgain';
}

/**
 * Begins the transaction, locks the source and reads the state. Events later than `newestMs`, the newest one that the
 * caller knows, are looked up only if the source has later ones by now, in one more round trip.
 */
export async function readState(
  client: PoolClient,
  request: {
    readonly sourceId: string;
    readonly readerId?: string;
    readonly isWatched?: boolean;
    readonly jobMatchWindowMs: number;
    readonly rates: RateBook;
  },
  batch: { readonly events: readonly PreparedEvent[]; readonly newestMs: number },
): Promise<KnownState> {
  const { sourceId, readerId = sourceId, isWatched = false, rates } = request;
  const { events } = batch;
  const spans = requestSpans(events, request.jobMatchWindowMs);
  const keys = keysWithin(events, Number.NEGATIVE_INFINITY, batch.newestMs);
  const statements = readStatements(sourceId, { keys, spans, isWatched, rates });
  const uuidsAsked = uuidsStatement(events);
  if (uuidsAsked !== undefined) statements.push(uuidsAsked);
  const results: unknown = await client.query(statements.join(';\n'));
  const [, locked, unlocked, decisions, known, halves, terms, , rateRows, lastRate, uuids] =
    results as readonly QueryResult[];
  const own: SourceRow | undefined = locked?.rows.find(({ id }) => id === sourceId);
  if (own === undefined) {
    throw new PoolError('SOURCE_UNKNOWN', `source "${sourceId}" is not registered`);
  }
  // The source became watched while this batch waited for its lock: now the others have to be locked as well.
  if (own.watchLeft > 0 && !own.locksAll) throw new LockAgain();
  const others: readonly SourceRow[] = unlocked?.rows ?? [];
  const knownRows: KnownRow[] = known?.rows ?? [];
  const halfRows: OpenHalfRow[] = halves?.rows ?? [];
  const later = keysWithin(events, batch.newestMs, own.newestMs);
  if (later.length > 0) {
    knownRows.push(...(await client.query<KnownRow>(knownStatement(sourceId, later))).rows);
  }
  if (decisions?.rows[0]?.hasDecisions === true) {
    const decided = decidedHalvesStatement(sourceId, spans);
    halfRows.push(...(await client.query<OpenHalfRow>(decided)).rows);
  }
  const openHalves = halfRows.map(toStoredHalf).filter((half) => isWithin(half, spans));
  rates.take(rateRows?.rows ?? [], lastRate?.rows[0]?.lastId ?? 0);
  await readRatesOfHalves(client, rates, openHalves);
  return {
    own,
    others,
    archivedMs: horizonMs(own, readerId === sourceId ? others : []),
    uuidsMs: decisions?.rows[0]?.uuidsMs ?? Number.NEGATIVE_INFINITY,
    hashes: knownHashes(events, knownRows, uuids?.rows ?? []),
    hoursFromMs: decisions?.rows[0]?.hoursFromMs ?? Number.POSITIVE_INFINITY,
    openHalves,
    terms: (terms?.rows ?? []).map(toTerms),
  };
}

/**
 * Returns the statements of the first round trip. The lock is one of its own, because only statements after it see what
 * was committed before. An old source locks only itself. A watched one may give the events of another one, so it locks
 * all sources, in the order of their ids: of two that read the same events, the second sees what the first has stored.
 */
function readStatements(
  sourceId: string,
  batch: {
    readonly keys: readonly PlacedKey[];
    readonly spans: ReadonlyMap<string, RequestSpan>;
    readonly isWatched: boolean;
    readonly rates: RateBook;
  },
): string[] {
  const source = sqlText(sourceId);
  return [
    'BEGIN',
    `SELECT ${SOURCE_COLUMNS}, own.locks_all AS "locksAll" FROM source s CROSS JOIN (
        SELECT ${batch.isWatched} OR watch_left > 0 AS locks_all FROM source WHERE id = ${source}) own
      WHERE s.id = ${source} OR own.locks_all ORDER BY s.id FOR UPDATE OF s`,
    `SELECT ${SOURCE_COLUMNS}, false AS "locksAll" FROM source s WHERE s.id <> ${source} ORDER BY s.id`,
    `SELECT EXISTS (SELECT FROM decided_job WHERE source_id = ${source}) AS "hasDecisions",
        (SELECT (extract(epoch FROM value::timestamptz) * 1000)::float8
           FROM setting WHERE key = '${UUIDS_FROM}') AS "uuidsMs",
        (SELECT (extract(epoch FROM value::timestamptz) * 1000)::float8
           FROM setting WHERE key = '${HOURS_FROM}') AS "hoursFromMs"`,
    knownStatement(sourceId, batch.keys),
    openHalvesStatement(source, batch.spans),
    READ_TERMS,
    SHARE_RATES,
    ...batch.rates.readStatements(),
  ];
}

/** Reads the rates of workers whose half came in an earlier reading and that no event of this batch names. */
async function readRatesOfHalves(
  client: PoolClient,
  rates: RateBook,
  halves: readonly StoredHalf[],
): Promise<void> {
  for (const { worker, dtMs } of halves) if (worker !== null) rates.meetOne(worker, dtMs);
  if (rates.isComplete) return;
  const results: unknown = await client.query(rates.readStatements().join(';\n'));
  const [found, last] = results as readonly QueryResult[];
  rates.take(found?.rows ?? [], last?.rows[0]?.lastId ?? 0);
}

/**
 * Returns the time before which events cannot be told from archived ones. A dump that does not say whose it is may
 * contain events of any source of its region and node type, so their archives count for it as well.
 */
function horizonMs(own: SourceRow, others: readonly SourceRow[]): number {
  if (own.kind !== 'file') return own.archivedMs;
  const alike = others.filter(
    ({ region, nodeType }) => region === own.region && nodeType === own.nodeType,
  );
  return Math.max(own.archivedMs, ...alike.map(({ archivedMs }) => archivedMs));
}

/** Returns the hashes of events that are stored already, by their index, as a batch of these events would find them. */
export async function readKnownHashes(
  { $client }: Database,
  sourceId: string,
  events: readonly PreparedEvent[],
): Promise<ReadonlyMap<number, string>> {
  const keys = keysWithin(events, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  const known = await $client.query<KnownRow>(knownStatement(sourceId, keys));
  const uuids = uuidsStatement(events);
  const uuidRows = uuids === undefined ? [] : (await $client.query<UuidRow>(uuids)).rows;
  return knownHashes(events, known.rows, uuidRows);
}

interface KnownRow {
  readonly i: number;
  readonly hash: string;
}

function knownHashes(
  events: readonly PreparedEvent[],
  rows: readonly KnownRow[],
  uuidRows: readonly UuidRow[],
): ReadonlyMap<number, string> {
  const hashes = new Map(rows.map(({ i, hash }) => [i, hash]));
  for (const row of uuidRows) {
    const prepared = events[row.i];
    if (prepared !== undefined) hashes.set(row.i, knownHash(row, prepared));
  }
  return hashes;
}

export interface PlacedKey {
  readonly i: number;
  readonly key: EventKey;
}

function keysWithin(
  events: readonly PreparedEvent[],
  afterMs: number,
  toMs: number,
): readonly PlacedKey[] {
  const keys: PlacedKey[] = [];
  for (const [i, key] of events.entries()) {
    if (key.dtMs > afterMs && key.dtMs <= toMs) keys.push({ i, key });
  }
  return keys;
}

/** Returns the statement that reads which of the keys are stored, and the hashes of their texts. */
export function knownStatement(sourceId: string, keys: readonly PlacedKey[]): string {
  const rows = sqlRows(keys, [
    ['integer', ({ i }) => i],
    ['timestamptz', ({ key }) => isoTime(key.dtMs)],
    ['text', ({ key }) => key.eventId],
  ]);
  let [firstMs, lastMs] = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  for (const { key } of keys) {
    firstMs = Math.min(firstMs, key.dtMs);
    lastMs = Math.max(lastMs, key.dtMs);
  }
  // The range does not change the result, but it tells the planner which months to open.
  const months = keys.length === 0 ? 'false' : isBetween('p.dt', { fromMs: firstMs, toMs: lastMs });
  return `SELECT k.i, e.hash FROM ${rows} AS k(i, dt, event_id) CROSS JOIN LATERAL (
      SELECT ${STORED_HASH} AS hash FROM pool_event p
       WHERE p.source_id = ${sqlText(sourceId)} AND p.dt = k.dt AND p.event_id = k.event_id
         AND ${months} OFFSET 0) AS e`;
}

function isBetween(column: string, { fromMs, toMs }: RequestSpan): string {
  return `${column} BETWEEN ${sqlTime(fromMs)} AND ${sqlTime(toMs)}`;
}

/** The times between which the other half of a request must be. */
interface RequestSpan {
  fromMs: number;
  toMs: number;
}

/** Returns the span of each request of a batch, by request id. */
function requestSpans(
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

function isWithin(half: StoredHalf, spans: ReadonlyMap<string, RequestSpan>): boolean {
  const span = spans.get(half.requestId);
  return span !== undefined && half.dtMs >= span.fromMs && half.dtMs <= span.toMs;
}

interface OpenHalfRow {
  readonly role: HalfRole;
  readonly dtMs: number;
  readonly eventId: string;
  readonly requestId: string;
  readonly isHeld: boolean;
  readonly grossWei: string | null;
  readonly computeUnits: string | null;
  readonly termsId: number | null;
  readonly payee: `0x${string}` | null;
  readonly nodeType: 'ai' | 'transcode' | null;
  readonly region: string | null;
  readonly pipeline: string | null;
  readonly modelId: string | null;
  readonly responseUs: number | null;
  readonly durationMs: number | null;
}

/**
 * Reads the open halves that the requests could match, with the workers of the received ones. There is one time range
 * for all requests, so some halves do not fit the span of their own.
 */
function openHalvesStatement(source: string, spans: ReadonlyMap<string, RequestSpan>): string {
  // A processed half with the reason `no-address` has already found its received half, which named no worker, so it is
  // no candidate.
  return `SELECT j.role, (extract(epoch FROM j.dt) * 1000)::float8 AS "dtMs", j.event_id AS "eventId",
      j.request_id AS "requestId", j.reason = 'ambiguous' AS "isHeld", j.gross_wei AS "grossWei",
      j.compute_units AS "computeUnits", j.terms_id AS "termsId", w.payee, w.node_type AS "nodeType", w.region,
      j.pipeline, j.model_id AS "modelId", j.response_us::float8 AS "responseUs",
      j.duration_ms::float8 AS "durationMs"
    FROM unmatched_job j LEFT JOIN remote_worker w ON w.id = j.remote_worker_id
   WHERE j.source_id = ${source} AND ${isRequested('j', spans)}
     AND NOT (j.role = 'processed' AND j.reason = 'no-address')`;
}

/**
 * Reads the processed halves that a person has decided about. They stay candidates, but held: a received half that
 * comes late must not match another job instead.
 */
function decidedHalvesStatement(sourceId: string, spans: ReadonlyMap<string, RequestSpan>): string {
  return `SELECT 'processed' AS role, (extract(epoch FROM d.dt) * 1000)::float8 AS "dtMs",
      d.event_id AS "eventId", d.request_id AS "requestId", true AS "isHeld", NULL AS "grossWei",
      NULL AS "computeUnits", NULL AS "termsId", NULL AS payee, NULL AS "nodeType", NULL AS region,
      NULL AS pipeline, NULL AS "modelId", NULL AS "responseUs", NULL AS "durationMs"
    FROM decided_job d
   WHERE d.source_id = ${sqlText(sourceId)} AND ${isRequested('d', spans)}
     AND d.unmatched_reason <> 'no-address'`;
}

/** Returns a condition with a list of constants, which Postgres hashes: with a join batches take four times as long. */
function isRequested(table: string, spans: ReadonlyMap<string, RequestSpan>): string {
  if (spans.size === 0) return 'false';
  const all = { fromMs: Number.MAX_SAFE_INTEGER, toMs: Number.MIN_SAFE_INTEGER };
  for (const { fromMs, toMs } of spans.values()) {
    all.fromMs = Math.min(all.fromMs, fromMs);
    all.toMs = Math.max(all.toMs, toMs);
  }
  return `${table}.request_id = ANY (${sqlArray('text', spans.keys())})
    AND ${isBetween(`${table}.dt`, all)}`;
}

function toStoredHalf(row: OpenHalfRow): StoredHalf {
  const { role, dtMs, eventId, requestId, isHeld, payee, nodeType, region, termsId } = row;
  const isWorker = payee !== null && nodeType !== null && region !== null;
  const job = {
    grossWei: BigInt(row.grossWei ?? 0),
    computeUnits: BigInt(row.computeUnits ?? 0),
    termsId: termsId ?? 0,
    pipeline: row.pipeline,
    modelId: row.modelId,
    responseUs: row.responseUs ?? undefined,
    durationMs: row.durationMs ?? undefined,
  };
  return {
    role,
    dtMs,
    eventId,
    requestId,
    isHeld,
    worker: isWorker ? { payee, nodeType, region } : null,
    job: role === 'processed' && termsId !== null ? job : null,
    pipeline: row.pipeline,
    modelId: row.modelId,
  };
}
