/**
 * Stores the UUIDs of events. An event that has a UUID is the same event in every file, source and second, so UUIDs
 * have a table of their own, apart from the raw rows, whose key begins with source and time.
 */
import { isoTime, sqlRows, sqlText } from '../../../db/copy/copy-text.js';
import { eventHash, type PreparedEvent, STORED_HASH } from './prepared-events.js';

/** The key in the table of settings for the time before which UUIDs are no longer kept. */
export const UUIDS_FROM = 'uuids.kept-from';

/** A known UUID: the event's index in the batch, and what is stored under the UUID. */
export interface UuidRow {
  readonly i: number;
  /** The hash of the stored event's text; null when its raw row is gone. */
  readonly hash: string | null;
  readonly isSameTime: boolean;
}

/** Used as the hash of an event that is stored with another time. No event has this hash. */
const ANOTHER = 'another time';

/** Returns the events that have a UUID, each with its index in the batch. Most sources have none. */
function withUuids(events: readonly PreparedEvent[]) {
  const found: { readonly uuid: string; readonly dtMs: number; readonly i: number }[] = [];
  for (const [i, { uuid, dtMs }] of events.entries()) {
    if (uuid !== undefined) found.push({ uuid, dtMs, i });
  }
  return found;
}

/** Returns the statement that reads which UUIDs of the batch are known; undefined when the batch has none. */
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

/** Returns the hash that an event is compared with: its own one if it is known, but its raw row is gone. */
export function knownHash(row: UuidRow, prepared: PreparedEvent): string {
  return row.isSameTime ? (row.hash ?? eventHash(prepared)) : ANOTHER;
}

/** Stores the UUIDs of new events, in their order: otherwise two sources with the same ones could deadlock. */
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
