/**
 * UUIDs of events. An event that has a UUID is the same event in every file, source and second, so UUIDs are kept apart
 * from the raw rows, whose key begins with source and time.
 */
import { isoTime, sqlRows, sqlText } from '../../../db/copy/copy-text.js';
import { eventHash, type PreparedEvent, STORED_HASH } from './prepared-events.js';

/** The key in the table of settings for the time before which UUIDs are no longer kept. */
export const UUIDS_FROM = 'uuids.kept-from';

/** A known UUID: its place in the batch, and what is stored under it. */
export interface UuidRow {
  readonly i: number;
  /** Null when its raw row is gone. */
  readonly hash: string | null;
  readonly isSameTime: boolean;
}

/** Differs from the hash of every event. */
const ANOTHER = 'another time';

/** The events that have a UUID, each with its place in the batch. Most sources have none. */
function withUuids(events: readonly PreparedEvent[]) {
  const found: { readonly uuid: string; readonly dtMs: number; readonly i: number }[] = [];
  for (const [i, { uuid, dtMs }] of events.entries()) {
    if (uuid !== undefined) found.push({ uuid, dtMs, i });
  }
  return found;
}

/** Asks which UUIDs of the batch are known; undefined when it has none. */
export function uuidsStatement(events: readonly PreparedEvent[]): string | undefined {
  const given = withUuids(events);
  if (given.length === 0) return undefined;
  const rows = sqlRows(given, [
    ['text', ({ uuid }) => uuid],
    ['timestamptz', ({ dtMs }) => isoTime(dtMs)],
    ['integer', ({ i }) => i],
  ]);
  return `SELECT k.i, p.hash, u.dt = k.dt AS "isSameTime" FROM ${rows} AS k(uuid, dt, i)
    CROSS JOIN LATERAL (
      SELECT * FROM event_uuid e WHERE e.uuid = k.uuid::uuid OFFSET 0) AS u
    LEFT JOIN LATERAL (
      SELECT ${STORED_HASH} AS hash FROM pool_event p
       WHERE p.source_id = u.source_id AND p.dt = u.dt AND p.event_id = k.uuid OFFSET 0) AS p ON true`;
}

/** The hash that an event is compared with. An event that is known, but whose raw row is gone, is compared with itself. */
export function knownHash(row: UuidRow, prepared: PreparedEvent): string {
  return row.isSameTime ? (row.hash ?? eventHash(prepared)) : ANOTHER;
}

/** Keeps the UUIDs of new events, sorted, so that two sources with the same ones cannot deadlock. */
export function keepUuidsStatements(
  sourceId: string,
  fresh: readonly PreparedEvent[],
): readonly string[] {
  const given = withUuids(fresh);
  if (given.length === 0) return [];
  const rows = sqlRows(given, [
    ['text', ({ uuid }) => uuid],
    ['timestamptz', ({ dtMs }) => isoTime(dtMs)],
  ]);
  return [
    `INSERT INTO event_uuid (uuid, source_id, dt)
      SELECT k.uuid::uuid, ${sqlText(sourceId)}, k.dt FROM ${rows} AS k(uuid, dt) ORDER BY 1`,
  ];
}
