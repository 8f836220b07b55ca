/**
 * Finds events of a batch that another source has counted: those with the same time, id and text. Two sources are
 * compared only if one is watched, and only in hours in which both have events, so comparing costs old sources nothing.
 */
import type { PoolClient, QueryResult } from 'pg';
import { isoTime, sqlRows, sqlText, sqlTime } from '../../../db/copy/copy-text.js';
import {
  CONVINCING_EVENTS,
  isConvincing,
  isTelling,
  type SuspectSource,
  whoReadsTwice,
} from '../../rules/read-twice.js';
import { ReadTwice, type StopOrder, WATCH_FOR_GOOD } from '../sources/source-stops.js';
import { type KnownState, knownStatement, type PlacedKey, type SourceRow } from './known-events.js';
import { eventHash, type PreparedEvent } from './prepared-events.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** At most this many events are compared: that is enough to see whether the ids of two sources coincide by chance. */
const MOST_COMPARED = 20_000;

/** What a batch has in common with other sources. Maps are keyed by the index of an event in the batch. */
export interface Elsewhere {
  /** For each event that another source has counted: the id of that source. */
  readonly counted: ReadonlyMap<number, string>;
  /** The ids of sources that certainly give the same events: what they have counted is an ordinary duplicate here. */
  readonly same: ReadonlySet<string>;
  /** The orders to stop other sources that give the same events. */
  readonly toStop: readonly StopOrder[];
  /** How many events of the batch were looked up in other sources. */
  readonly compared: number;
}

const NOTHING: Elsewhere = { counted: new Map(), same: new Set(), toStop: [], compared: 0 };

interface ReadBatch {
  readonly events: readonly PreparedEvent[];
  /** The id of the source that is being read: a dump, or the source itself. */
  readonly readerId: string;
}

/** Looks for the batch's jobs in the other sources. Throws ReadTwice when the reader itself is to be stopped. */
export async function findElsewhere(
  client: PoolClient,
  state: KnownState,
  batch: ReadBatch,
): Promise<Elsewhere> {
  const isWatched = state.own.locksAll;
  const others = state.others.filter((other) => isWatched || other.watchLeft > 0);
  if (others.length === 0) return NOTHING;
  const telling = batch.events.flatMap((key, i) =>
    // Events with a UUID are left out: they are compared with all sources anyway.
    key.uuid !== undefined || !isTelling(key.content) || state.hashes.has(i) ? [] : [{ i, key }],
  );
  if (telling.length === 0) return NOTHING;
  const hours = await readHours(client, others, telling);
  const asked = others.flatMap((other) => {
    const keys = telling.filter(({ key }) => hours.has(hourKey(other.id, key.dtMs)));
    return keys.length === 0 ? [] : [{ other, keys }];
  });
  if (asked.length === 0) return NOTHING;
  const compared = new Set(asked.flatMap(({ keys }) => keys.map(({ i }) => i))).size;
  const answers: unknown = await client.query(
    asked.map(({ other, keys }) => knownStatement(other.id, keys)).join(';\n'),
  );
  const results = (Array.isArray(answers) ? answers : [answers]) as readonly QueryResult[];
  const found = asked.map(({ other }, at) => ({
    holder: other,
    ...partPlaces(batch.events, results[at]?.rows ?? []),
  }));
  return { compared, ...(await weigh(client, state, found, batch)) };
}

interface FoundIn {
  readonly holder: SourceRow;
  readonly places: readonly number[];
  /** How many events have the same time and id but another text. */
  readonly others: number;
}

async function weigh(
  client: PoolClient,
  { own }: KnownState,
  allFound: readonly FoundIn[],
  { events, readerId }: ReadBatch,
): Promise<Omit<Elsewhere, 'compared'>> {
  const counted = new Map<number, string>();
  const same = new Set<string>();
  const toStop: StopOrder[] = [];
  for (const { holder, places, others } of allFound) {
    const example = events[places[0] ?? -1];
    if (example === undefined) continue;
    for (const i of places) counted.set(i, holder.id);
    const isOver = holder.stoppedWhy !== null || holder.isRemoved;
    const isDump = readerId !== own.id || own.kind === 'file';
    const stop = whoReadsTwice({ ...suspect(own), isDump }, suspect(holder));
    // The dump gave these as a source of its own, before its configuration said whose events they are.
    if (holder.id === readerId || (isOver && stop === 'holder')) {
      same.add(holder.id);
      continue;
    }
    const keys = places.flatMap((i) => events[i] ?? []);
    const pair = { ownId: own.id, holderId: holder.id };
    const found = await countSame(client, pair, keys);
    if (!isConvincing({ same: found, other: others })) continue;
    const unlike = others + (await countUnlike(client, pair, keys));
    if (!isConvincing({ same: found, other: unlike })) continue;
    if (stop === 'reader') throw new ReadTwice(stopOrder(readerId, holder.id, found, example));
    same.add(holder.id);
    toStop.push(stopOrder(holder.id, own.id, found, example));
  }
  return { counted, same, toStop };
}

function stopOrder(
  sourceId: string,
  otherId: string,
  events: number,
  { eventId, dtMs, eventType }: PreparedEvent,
): StopOrder {
  const when = new Date(dtMs).toISOString().replace('.000Z', 'Z');
  const what = `at least ${events} events have the same time, ID and text, such as ${eventType} ${eventId} of ${when}`;
  const why = `source "${sourceId}" gives the events of source "${otherId}": ${what}`;
  return { sourceId, otherId, why };
}

/** Keeps a source watched that had to set events aside for another source: its next deep pass brings them again. */
export function watchStatements(ownId: string, { counted, same }: Elsewhere): readonly string[] {
  if ([...counted.values()].every((id) => same.has(id))) return [];
  return [`UPDATE source SET watch_left = ${WATCH_FOR_GOOD} WHERE id = ${sqlText(ownId)}`];
}

function suspect(row: SourceRow): SuspectSource {
  return {
    id: row.id,
    createdMs: row.createdMs,
    isDump: row.kind === 'file',
    isWatched: row.locksAll || row.watchLeft > 0,
  };
}

function partPlaces(
  events: readonly PreparedEvent[],
  rows: readonly { readonly i: number; readonly hash: string }[],
): Omit<FoundIn, 'holder'> {
  const places = rows.flatMap(({ i, hash }) => {
    const prepared = events[i];
    return prepared !== undefined && eventHash(prepared) === hash ? [i] : [];
  });
  return { places, others: rows.length - places.length };
}

interface Pair {
  readonly ownId: string;
  readonly holderId: string;
}

const hourOf = (dtMs: number): number => Math.floor(dtMs / HOUR_MS) * HOUR_MS;
const hourKey = (sourceId: string, dtMs: number): string => `${sourceId}\n${hourOf(dtMs)}`;

async function readHours(
  client: PoolClient,
  others: readonly SourceRow[],
  telling: readonly PlacedKey[],
): Promise<ReadonlySet<string>> {
  const hours = [...new Set(telling.map(({ key }) => hourOf(key.dtMs)))];
  const { rows } = await client.query<{ source_id: string; hour: Date }>(
    `SELECT DISTINCT c.source_id, c.hour
       FROM ${sqlRows(others, [['text', ({ id }) => id]])} AS o(id)
      CROSS JOIN ${sqlRows(hours, [['timestamptz', isoTime]])} AS h(hour)
      CROSS JOIN LATERAL (SELECT source_id, hour FROM event_count e
        WHERE e.source_id = o.id AND e.hour = h.hour LIMIT 1 OFFSET 0) c`,
  );
  return new Set(rows.map(({ source_id, hour }) => hourKey(source_id, hour.getTime())));
}

/** Counts the events that both sources have: those of this batch, and those set aside before because of the other. */
async function countSame(
  client: PoolClient,
  { ownId, holderId }: Pair,
  keys: readonly PreparedEvent[],
): Promise<number> {
  const seen = new Set(keys.map(({ dtMs, eventId }) => `${isoTime(dtMs)}\n${eventId}`));
  if (seen.size >= CONVINCING_EVENTS) return seen.size;
  // Only rows with this code have a time that we wrote. In others `dt_text` may be anything, and the cast would fail.
  const { rows } = await client.query<{ event_id: string; dt: Date }>(
    `SELECT p.event_id, p.dt FROM set_aside a
      CROSS JOIN LATERAL (SELECT e.event_id, e.dt FROM pool_event e
        WHERE e.source_id = ${sqlText(holderId)} AND e.event_id = a.event_id
          AND e.dt = CASE WHEN a.code = 'EVENT_COUNTED_ELSEWHERE' THEN a.dt_text::timestamptz END
        OFFSET 0) p
      WHERE a.source_id = ${sqlText(ownId)} AND a.code = 'EVENT_COUNTED_ELSEWHERE'
        AND a.resolved_at IS NULL LIMIT 1000`,
  );
  for (const { event_id, dt } of rows) seen.add(`${isoTime(dt.getTime())}\n${event_id}`);
  return seen.size;
}

/** Counts the jobs of these days that both sources have with the same time and id but with different texts. */
async function countUnlike(
  client: PoolClient,
  { ownId, holderId }: Pair,
  keys: readonly PreparedEvent[],
): Promise<number> {
  const timesMs = keys.map(({ dtMs }) => dtMs);
  const fromMs = timesMs.reduce((a, b) => Math.min(a, b)) - DAY_MS;
  const toMs = timesMs.reduce((a, b) => Math.max(a, b)) + HOUR_MS;
  const { rows } = await client.query<{ unlike: number }>(
    `SELECT count(*)::int AS unlike FROM (
       SELECT FROM (SELECT * FROM pool_event e WHERE e.source_id = ${sqlText(ownId)}
            AND e.dt BETWEEN ${sqlTime(fromMs)} AND ${sqlTime(toMs)} AND e.gross_wei IS NOT NULL
          ORDER BY e.dt DESC LIMIT ${MOST_COMPARED}) p
        CROSS JOIN LATERAL (SELECT FROM pool_event o WHERE o.source_id = ${sqlText(holderId)}
          AND o.dt = p.dt AND o.event_id = p.event_id AND o.payload <> p.payload OFFSET 0) o
       LIMIT ${MOST_COMPARED}) pairs`,
  );
  return rows[0]?.unlike ?? 0;
}
