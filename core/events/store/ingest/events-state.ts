/** The first turn of a batch: what the store knows about it, once the source is locked. */
import type { PoolClient, QueryResult } from 'pg';
import { PoolError } from '../../../base/errors/pool-error.js';
import type { Database } from '../../../db/database.js';
import type { Terms } from '../../../terms/rules/terms.js';
import { toTerms } from '../../../terms/store/terms-rows.js';
import type { StoredHalf } from '../../rules/credit.js';
import type { PreparedEvent } from './events-prepared.js';
import {
  decidedHalvesStatement,
  knownStatement,
  type OpenHalfRow,
  type PlacedKey,
  type RequestSpan,
  readStatements,
  requestSpans,
  type SourceRow,
  toStoredHalf,
} from './events-statements.js';
import { knownHash, type UuidRow, uuidsStatement } from './events-uuids.js';

export interface KnownState {
  /** The source itself, locked. */
  readonly own: SourceRow;
  /** All others; locked too when the source is watched. */
  readonly others: readonly SourceRow[];
  readonly firstSeq: number;
  readonly batchNo: number;
  /** The newest event of the source; nothing later is known. */
  readonly newestMs: number;
  /** Keys of events before this are kept no more: of the source's, or of one that may have had the same. */
  readonly archivedMs: number;
  /** UUIDs of events before this are kept no more, of whatever source. */
  readonly uuidsMs: number;
  /** Hashes of the events that are stored already, by place in the batch. */
  readonly hashes: ReadonlyMap<number, string>;
  readonly openHalves: readonly StoredHalf[];
  readonly terms: readonly Terms[];
}

interface KnownRow {
  readonly i: number;
  readonly hash: string;
}

/**
 * Begins the transaction, locks the source and reads. Events later than `newestMs`, the newest that the
 * caller knows of, are not looked up unless the source has later ones by now: one turn more.
 */
export async function readState(
  client: PoolClient,
  request: {
    readonly sourceId: string;
    readonly jobMatchWindowMs: number;
    readonly readerId: string;
    readonly isWatched: boolean;
  },
  batch: { readonly events: readonly PreparedEvent[]; readonly newestMs: number },
): Promise<KnownState> {
  const { sourceId, jobMatchWindowMs, isWatched } = request;
  const { events } = batch;
  const spans = requestSpans(events, jobMatchWindowMs);
  const keys = keysWithin(events, Number.NEGATIVE_INFINITY, batch.newestMs);
  const statements = [
    readStatements(sourceId, { keys, spans, isWatched }),
    uuidsStatement(events) ?? [],
  ];
  const results: unknown = await client.query(statements.flat().join(';\n'));
  const [, locked, unlocked, decisions, known, halves, terms, uuids] =
    results as readonly QueryResult[];
  const row: SourceRow | undefined = locked?.rows.find(({ id }) => id === sourceId);
  if (row === undefined) {
    throw new PoolError('SOURCE_UNKNOWN', `source "${sourceId}" is not registered`);
  }
  // It became watched while we waited for it: the others have to be locked as well.
  if (Number(row.watch_left) > 0 && !row.locks_all) throw new LockAgain();
  const others: readonly SourceRow[] = unlocked?.rows ?? [];
  const knownRows: KnownRow[] = known?.rows ?? [];
  const halfRows: OpenHalfRow[] = halves?.rows ?? [];
  const uuidRows: readonly UuidRow[] = uuids?.rows ?? [];
  const newestMs = msOr(row.newest_ms, Number.NEGATIVE_INFINITY);
  const later = keysWithin(events, batch.newestMs, newestMs);
  if (later.length > 0) {
    knownRows.push(...(await client.query<KnownRow>(knownStatement(sourceId, later))).rows);
  }
  if (decisions?.rows[0]?.has_decisions === true) {
    const decided = decidedHalvesStatement(sourceId, spans);
    halfRows.push(...(await client.query<OpenHalfRow>(decided)).rows);
  }
  return {
    own: row,
    others,
    firstSeq: Number(row.next_seq),
    batchNo: Number(row.next_batch),
    newestMs,
    uuidsMs: msOr(decisions?.rows[0]?.uuids_ms ?? null, Number.NEGATIVE_INFINITY),
    archivedMs: horizonMs(row, request.readerId === sourceId ? others : []),
    hashes: knownHashes(events, knownRows, uuidRows),
    openHalves: halfRows.map(toStoredHalf).filter((half) => isWithin(half, spans)),
    terms: (terms?.rows ?? []).map(toTerms),
  };
}

/** Thrown where the transaction has to begin again with more locks. */
export class LockAgain extends Error {
  override readonly name = 'LockAgain';
}

/**
 * A dump that says nothing about whose it is is also bound by the horizon of the sources that could have had its events,
 * of the same region and node type: whether they counted is not in the table any more.
 */
function horizonMs(own: SourceRow, others: readonly SourceRow[]): number {
  const alike = others.filter(
    ({ region, node_type: nodeType }) => region === own.region && nodeType === own.node_type,
  );
  const rows = own.kind === 'file' ? [own, ...alike] : [own];
  const horizons = rows.map((row) => msOr(row.archived_ms, Number.NEGATIVE_INFINITY));
  return Math.max(...horizons);
}

/** Hashes of those that are stored already, by place in the list: as a batch of them would find them. */
export async function readKnownHashes(
  db: Database,
  sourceId: string,
  events: readonly PreparedEvent[],
): Promise<ReadonlyMap<number, string>> {
  const { $client } = db;
  const keys = keysWithin(events, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  const known = await $client.query<KnownRow>(knownStatement(sourceId, keys));
  const uuids = uuidsStatement(events);
  const uuidRows = uuids === undefined ? [] : (await $client.query<UuidRow>(uuids)).rows;
  return knownHashes(events, known.rows, uuidRows);
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

function isWithin(half: StoredHalf, spans: ReadonlyMap<string, RequestSpan>): boolean {
  const span = spans.get(half.requestId);
  return span !== undefined && half.dtMs >= span.fromMs && half.dtMs <= span.toMs;
}

function knownHashes(
  events: readonly PreparedEvent[],
  rows: readonly KnownRow[],
  uuidRows: readonly UuidRow[],
): ReadonlyMap<number, string> {
  const hashes = new Map(rows.map(({ i, hash }) => [i, hash]));
  for (const row of uuidRows) {
    const prepared = events[Number(row.i)];
    if (prepared !== undefined) hashes.set(Number(row.i), knownHash(row, prepared));
  }
  return hashes;
}

function msOr(said: string | null, otherwiseMs: number): number {
  return said === null ? otherwiseMs : Number(said);
}
