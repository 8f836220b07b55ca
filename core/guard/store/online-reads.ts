/** Reads for how much of the last day and week each remote worker was connected, from the changes of its connections. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { workerHour } from '../../events/store/tables.js';
import type { Window } from '../rules/figures.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** At most this many of a worker's newest changes are looked at: a stranger can connect and disconnect without end. */
const MOST_CHANGES = 1_000;

type Online = Partial<
  Readonly<Record<Window, { readonly share: number | null; readonly hours: number }>>
>;

/** Returns the share of the last day and week, since the worker was first seen, in which it had a connection. */
export async function readOnline(
  reader: Reader,
  atMs: number,
): Promise<ReadonlyMap<number, Online>> {
  const at = new Date(atMs).toISOString();
  const found = await rows(
    reader,
    { id: workerHour.remoteWorkerId, ageMs: Number, dayMs: Number, weekMs: Number },
    sql`WITH busy AS (
          SELECT w.* FROM remote_worker w WHERE EXISTS (
            SELECT FROM worker_hour h WHERE h.remote_worker_id = w.id AND h.hour > ${at}::timestamptz - interval '8 days')),
        turn AS (
          SELECT w.id, w.region, w.node_type, c.*, lead(c.changed_dt) OVER (
                   PARTITION BY c.source_id, w.id, c.connection ORDER BY c.changed_dt, c.changed_seq) AS next_dt
            FROM busy w CROSS JOIN LATERAL (
                 SELECT * FROM connection_change c WHERE c.remote_worker_id = w.id
                  ORDER BY c.changed_dt DESC, c.changed_seq DESC LIMIT ${MOST_CHANGES}) c),
        online AS (
          SELECT t.id, range_agg(tstzrange(t.changed_dt, greatest(t.changed_dt,
                   least(t.next_dt, reset.dt, s.removed_at, ${at}::timestamptz)))) AS ranges
            FROM turn t JOIN source s ON s.id = t.source_id
            LEFT JOIN LATERAL (
              SELECT min(r.reset_dt) AS dt FROM reset_change r
               WHERE r.source_id = t.source_id AND r.region = t.region AND r.node_type = t.node_type
                 AND (r.reset_dt, r.reset_seq) > (t.changed_dt, t.changed_seq)) reset ON true
           WHERE t.up GROUP BY t.id)
        SELECT w.id, extract(epoch FROM ${at}::timestamptz - w.created_at) * 1000 AS "ageMs",
               ${connected(at, '1 day')} AS "dayMs", ${connected(at, '7 days')} AS "weekMs"
          FROM busy w JOIN online ON online.id = w.id`,
  );
  return new Map(
    found.map(({ id, ageMs, dayMs, weekMs }) => [
      id,
      {
        day: shareOf(dayMs, Math.min(DAY_MS, ageMs)),
        week: shareOf(weekMs, Math.min(7 * DAY_MS, ageMs)),
      },
    ]),
  );
}

const connected = (at: string, span: string) => sql`(
  SELECT coalesce(sum(extract(epoch FROM upper(part) - lower(part))), 0) * 1000
    FROM unnest(online.ranges * tstzmultirange(tstzrange(${at}::timestamptz - ${span}::interval, ${at}::timestamptz))) part)`;

function shareOf(connectedMs: number, ofMs: number) {
  const hours = Math.floor(ofMs / HOUR_MS);
  return ofMs <= 0 ? { share: null, hours: 0 } : { share: Math.min(1, connectedMs / ofMs), hours };
}
