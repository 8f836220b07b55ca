/**
 * UUIDs of events: an event that has one is the same event in every file, source and second. They are
 * kept apart from the raw rows, whose key begins with source and time.
 */
import { isoTime, sqlArray, sqlText } from '../../../db/copy/copy-text.js';
import { eventHash, type PreparedEvent, STORED_HASH } from './events-prepared.js';

/** In the table of settings: UUIDs of events before this are kept no more. */
export const UUIDS_FROM = 'uuids.kept-from';

/** A known UUID: its place in the batch, and what is stored under it. */
export interface UuidRow {
  readonly i: string;
  /** Null: its raw row is gone. */
  readonly hash: string | null;
  readonly is_same_time: boolean;
}

/** The hash of no event. */
const ANOTHER = 'another time';

/** Most sources have none, and pay no more than this look. */
function haveUuids(events: readonly PreparedEvent[]): boolean {
  return events.some(({ uuid }) => uuid !== undefined);
}

/** Which of the batch's UUIDs are known; undefined when it has none. */
export function uuidsStatement(events: readonly PreparedEvent[]): string | undefined {
  if (!haveUuids(events)) return undefined;
  const rows = events.flatMap(({ uuid, dtMs }, i) => (uuid === undefined ? [] : { uuid, dtMs, i }));
  const texts = (values: readonly string[]): string => sqlArray('text', values);
  return `SELECT k.i, p.hash, u.dt = k.dt AS is_same_time FROM unnest(
      ${texts(rows.map(({ uuid }) => uuid))},
      ${sqlArray(
        'timestamptz',
        rows.map(({ dtMs }) => isoTime(dtMs)),
      )},
      ${sqlArray(
        'bigint',
        rows.map(({ i }) => i),
      )}) AS k(uuid, dt, i)
    CROSS JOIN LATERAL (
      SELECT * FROM event_uuid e WHERE e.uuid = k.uuid::uuid OFFSET 0) AS u
    LEFT JOIN LATERAL (
      SELECT ${STORED_HASH} AS hash FROM pool_event p
       WHERE p.source_id = u.source_id AND p.dt = u.dt AND p.event_id = k.uuid OFFSET 0) AS p ON true`;
}

/** The hash that an event is compared with: its own when it is known and its raw row is gone. */
export function knownHash(row: UuidRow, prepared: PreparedEvent): string {
  return row.is_same_time ? (row.hash ?? eventHash(prepared)) : ANOTHER;
}

/** Keeps the UUIDs of new events, in their order so that two sources do not wait in a ring. */
export function keepUuidsStatements(
  sourceId: string,
  fresh: readonly PreparedEvent[],
): readonly string[] {
  if (!haveUuids(fresh)) return [];
  const rows = fresh.flatMap(({ uuid, dtMs }) => (uuid === undefined ? [] : { uuid, dtMs }));
  const uuids = sqlArray(
    'text',
    rows.map(({ uuid }) => uuid),
  );
  const times = sqlArray(
    'timestamptz',
    rows.map(({ dtMs }) => isoTime(dtMs)),
  );
  return [
    `INSERT INTO event_uuid (uuid, source_id, dt)
      SELECT k.uuid::uuid, ${sqlText(sourceId)}, k.dt FROM unnest(${uuids}, ${times}) AS k(uuid, dt)
       ORDER BY 1`,
  ];
}
