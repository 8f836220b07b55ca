/** Reads when the workers of a payee were connected, day by day, and whether the pool could see it. */
import { type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Reader } from '../../db/database.js';
import { list, orNull, rows } from '../../db/query.js';
import { remoteWorker } from '../../ledger/store/tables.js';
import { DAY_MS, dayOf, lastDays } from '../rules/earned-days.js';
import { judgePresence, type PresenceDay, type PresenceFacts } from '../rules/presence.js';

/** At most this many of the newest changes are looked at, because a stranger can connect and disconnect without end. */
const MOST_CHANGES = 20_000;

interface Asked {
  readonly payee: Address;
  /** How many days, today (UTC) included; changes are kept for a hundred days. */
  readonly days: number;
  readonly nowMs: number;
}

/**
 * Reads the last `days` days of a payee, the oldest first: all of its workers together. A worker is connected while one of its
 * connections to some source is up, until that is closed or its source is reset. For strips of up to 90 days.
 */
export async function readPresence(db: Reader, asked: Asked): Promise<readonly PresenceDay[]> {
  const { nowMs } = asked;
  const days = lastDays(nowMs, asked.days);
  const span = { from: days[0] ?? '', to: days.at(-1) ?? '' };
  const [connected, worked, seen, since] = await Promise.all([
    readConnected(db, [asked.payee], { ...span, nowMs }),
    readWorked(db, asked.payee, span),
    readSeen(db, asked.payee, span),
    readSince(db, asked.payee),
  ]);
  const known = { since: since ?? dayOf(nowMs + DAY_MS), nowMs };
  return days.map((day) => {
    const facts: PresenceFacts = {
      day,
      connectedMs: connected.get(`${asked.payee} ${day}`)?.connectedMs ?? 0,
      firstAt: connected.get(`${asked.payee} ${day}`)?.firstAt ?? null,
      lastAt: connected.get(`${asked.payee} ${day}`)?.lastAt ?? null,
      jobs: worked.get(day) ?? 0,
      seenHours: seen.get(day) ?? 0,
    };
    return judgePresence(facts, known);
  });
}

interface Span {
  readonly from: string;
  readonly to: string;
}

/** Reads how long at least one worker of each payee was connected, by `<address> <day>`; days without a connection are left out. */
export async function readConnected(db: Reader, payees: readonly Address[], span: ConnectedSpan) {
  return readConnectedBy(sql`t.payee`, db, payees, span);
}

/** Reads how long each remote worker of these payees was connected, by `<number of its row> <day>`. */
export async function readWorkersConnected(
  db: Reader,
  payees: readonly Address[],
  span: ConnectedSpan,
) {
  return readConnectedBy(sql`t.remote_worker_id`, db, payees, span);
}

interface ConnectedSpan extends Span {
  readonly nowMs: number;
}

async function readConnectedBy(
  whose: SQL,
  db: Reader,
  payees: readonly Address[],
  span: ConnectedSpan,
) {
  const now = new Date(span.nowMs).toISOString();
  const at = (text: string) => new Date(text);
  const found = await rows(
    db,
    { whose: String, day: String, connectedMs: Number, firstAt: at, lastAt: at },
    sql`WITH change AS (
          SELECT newest.* FROM unnest(${list(payees)}::text[]) AS asked (payee) CROSS JOIN LATERAL (
            SELECT c.*, w.payee, w.region, w.node_type
              FROM connection_change c JOIN remote_worker w ON w.id = c.remote_worker_id
             WHERE w.payee = asked.payee ORDER BY c.changed_dt DESC, c.changed_seq DESC LIMIT ${MOST_CHANGES}) newest),
        turn AS (
          SELECT *, lead(changed_dt) OVER (PARTITION BY source_id, remote_worker_id, connection
                                           ORDER BY changed_dt, changed_seq) AS next_dt
            FROM change),
        online AS (
          SELECT (${whose})::text AS whose, range_agg(tstzrange(t.changed_dt, greatest(t.changed_dt,
                   least(t.next_dt, reset.dt, s.removed_at, ${now}::timestamptz)))) AS ranges
            FROM turn t JOIN source s ON s.id = t.source_id
            LEFT JOIN LATERAL (
              SELECT min(r.reset_dt) AS dt FROM reset_change r
               WHERE r.source_id = t.source_id AND r.region = t.region AND r.node_type = t.node_type
                 AND (r.reset_dt, r.reset_seq) > (t.changed_dt, t.changed_seq)) reset ON true
           WHERE t.up GROUP BY ${whose})
        SELECT whose, day::date::text AS day,
               sum(extract(epoch FROM upper(part) - lower(part)) * 1000)::float8 AS "connectedMs",
               min(lower(part)) AS "firstAt", max(upper(part)) AS "lastAt"
          FROM online CROSS JOIN unnest(ranges) AS range
          JOIN generate_series(${span.from}::timestamp, ${span.to}::timestamp, interval '1 day') day ON true
         CROSS JOIN LATERAL (
               SELECT range * tstzrange(day AT TIME ZONE 'UTC', (day + interval '1 day') AT TIME ZONE 'UTC') AS part) cut
         WHERE NOT isempty(part) GROUP BY whose, day`,
  );
  return new Map(found.map((row) => [`${row.whose} ${row.day}`, row]));
}

async function readWorked(db: Reader, payee: Address, { from, to }: Span) {
  const found = await rows(
    db,
    { day: String, jobs: Number },
    sql`SELECT d.day::text AS day, sum(d.jobs) AS jobs
          FROM earning_day d JOIN remote_worker w ON w.id = d.remote_worker_id
         WHERE w.payee = ${payee} AND d.day BETWEEN ${from}::date AND ${to}::date GROUP BY d.day`,
  );
  return new Map(found.map(({ day, jobs }) => [day, jobs]));
}

/** Reads the hours in which a source was read that can name the payee's workers: of their region and node type, or of any. */
async function readSeen(db: Reader, payee: Address, { from, to }: Span) {
  const found = await rows(
    db,
    { day: String, hours: Number },
    sql`SELECT d.day::text AS day, bit_or(d.good_hours) AS hours
          FROM source_day d JOIN source s ON s.id = d.source_id
         WHERE d.day BETWEEN ${from}::date AND ${to}::date AND EXISTS (
               SELECT FROM remote_worker w WHERE w.payee = ${payee}
                  AND (s.region IS NULL OR s.region = w.region) AND (s.node_type IS NULL OR s.node_type = w.node_type))
         GROUP BY d.day`,
  );
  return new Map(found.map(({ day, hours }) => [day, hours]));
}

/** Reads the day on which the payee was first named; null when it never was. */
async function readSince(db: Reader, payee: Address): Promise<string | null> {
  const [row] = await rows(
    db,
    { createdAt: orNull(remoteWorker.createdAt) },
    sql`SELECT min(created_at) AS "createdAt" FROM remote_worker WHERE payee = ${payee}`,
  );
  return row?.createdAt == null ? null : dayOf(row.createdAt.getTime());
}
