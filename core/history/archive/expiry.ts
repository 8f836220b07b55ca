/**
 * Deletes rows that are kept for a limited time: idempotency keys, set-aside events that were counted later, ended waits of
 * payouts, changes of connections, passes by day, how jobs went by hour, UUIDs of archived months. */
import { sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import type { Database } from '../../db/database.js';
import { transact } from '../../db/transact.js';
import { UUIDS_FROM } from '../../events/store/ingest/event-uuids.js';
import { HOURS_FROM } from '../../events/store/ingest/hour-writes.js';

/** How long idempotency keys are kept, as docs/api.md promises. Clients repeat a request within minutes. */
const KEY_DAYS = 30;
/** A set-aside event is deleted this many days after it was counted; by then it is stored among the raw events. */
const RESOLVED_DAYS = 90;
/** How long payouts waited is kept for this many days; the usual waits are told from the last thirty. */
const WAIT_DAYS = 90;
/** Changes of connections are kept for this many days; people are shown the last ninety. */
const PRESENCE_DAYS = 100;
/** Whether a source was read is kept for this many days. */
const PASS_DAYS = 400;
/** How jobs went by the hour is kept for this many days; the guard judges by a week at most. */
const HOUR_DAYS = 32;
/** Changes of the guard's states, and overrides that have ended, are kept for this many days. */
const STATE_DAYS = 400;
/** Who got the jobs of an hour is kept for this many days. */
const EFFECT_DAYS = 100;
/** One statement deletes at most this many rows. */
const MANY = 10_000;
/** UUIDs are deleted in slices by their first byte: those of a slice are next to each other in the index. */
const SLICES = 256;

/** Deletes expired idempotency keys, set-aside events and ended waits. Returns how many. */
export async function endOldRows(db: Database): Promise<number> {
  const ended = [
    await deleteOlder(db, { table: 'idempotency_key', time: 'created_at', days: KEY_DAYS }),
    await deleteOlder(db, { table: 'set_aside', time: 'resolved_at', days: RESOLVED_DAYS }),
    await deleteOlder(db, { table: 'payout_wait', time: 'ended_at', days: WAIT_DAYS }),
    await endPresence(db),
    await endGuard(db),
  ];
  return sum(ended);
}

/**
 * Deletes the changes of connections that say nothing any more about the days that are kept: first those that went up and ended
 * before, and only then what ended them, because otherwise they would seem to be up for ever.
 */
async function endPresence(db: Database): Promise<number> {
  const before = sql`now() - make_interval(days => ${PRESENCE_DAYS})`;
  const ended = await deleteAll(
    db,
    sql`DELETE FROM connection_change WHERE ctid IN (
          SELECT c.ctid FROM connection_change c JOIN remote_worker w ON w.id = c.remote_worker_id
           WHERE c.up AND c.changed_dt < ${before} AND (
                 EXISTS (SELECT FROM connection_change n
                          WHERE n.remote_worker_id = c.remote_worker_id AND n.source_id = c.source_id
                            AND n.connection = c.connection AND n.changed_dt < ${before}
                            AND (n.changed_dt, n.changed_seq) > (c.changed_dt, c.changed_seq))
                 OR EXISTS (SELECT FROM reset_change r
                             WHERE r.source_id = c.source_id AND r.region = w.region AND r.node_type = w.node_type
                               AND r.reset_dt < ${before}
                               AND (r.reset_dt, r.reset_seq) > (c.changed_dt, c.changed_seq)))
           LIMIT ${MANY})`,
  );
  const downs = await deleteAll(
    db,
    sql`DELETE FROM connection_change WHERE ctid IN (
          SELECT ctid FROM connection_change WHERE NOT up AND changed_dt < ${before} LIMIT ${MANY})`,
  );
  const resets = await deleteAll(
    db,
    sql`DELETE FROM reset_change WHERE ctid IN (
          SELECT ctid FROM reset_change WHERE reset_dt < ${before} LIMIT ${MANY})`,
  );
  const passes = await deleteAll(
    db,
    sql`DELETE FROM source_day WHERE ctid IN (
          SELECT ctid FROM source_day
           WHERE day < (now() - make_interval(days => ${PASS_DAYS}))::date LIMIT ${MANY})`,
  );
  return ended + downs + resets + passes;
}

/** Moves the time on from which hours are kept, and deletes those before it, and what the guard kept long enough. */
async function endGuard(db: Database): Promise<number> {
  await db.execute(sql`
    UPDATE setting SET changed_at = now(), value = to_char(
           date_trunc('hour', now() - make_interval(days => ${HOUR_DAYS})) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
     WHERE key = ${HOURS_FROM} AND value::timestamptz < date_trunc('hour', now() - make_interval(days => ${HOUR_DAYS}))`);
  const hours = await deleteAll(
    db,
    sql`DELETE FROM worker_hour WHERE ctid IN (
          SELECT ctid FROM worker_hour
           WHERE hour < (SELECT value::timestamptz FROM setting WHERE key = ${HOURS_FROM}) LIMIT ${MANY})`,
  );
  return sum([
    hours,
    await deleteOlder(db, { table: 'worker_state_change', time: 'changed_at', days: STATE_DAYS }),
    await deleteOlder(db, { table: 'guard_override', time: 'until_dt', days: STATE_DAYS }),
    await deleteOlder(db, { table: 'guard_effect', time: 'hour', days: EFFECT_DAYS }),
  ]);
}

const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0);

interface OldRows {
  readonly table: string;
  /** The column with the time at which a row ended; a row without it stays. */
  readonly time: string;
  readonly days: number;
}

function deleteOlder(db: Database, { table, time, days }: OldRows): Promise<number> {
  const [from, at] = [sql.identifier(table), sql.identifier(time)];
  return deleteAll(
    db,
    sql`DELETE FROM ${from} WHERE ctid IN (
          SELECT ctid FROM ${from} WHERE ${at} < now() - make_interval(days => ${days}) LIMIT ${MANY})`,
  );
}

async function deleteAll(db: Database, statement: ReturnType<typeof sql>): Promise<number> {
  for (let total = 0; ; ) {
    const { rowCount } = await db.execute(statement);
    total += rowCount ?? 0;
    if ((rowCount ?? 0) < MANY) return total;
  }
}

/**
 * Deletes the UUIDs of events from before `before`, the end of the archived months. From then on an event of that time with
 * a UUID is not credited (EVENT_ARCHIVED), because nobody could tell whether it was already counted. The new limit is
 * recorded first, in a transaction that waits for the running batches, which do not know it yet.
 */
export async function endUuids(
  db: Database,
  client: PoolClient,
  order: { readonly before: Date; readonly onProgress: (words: string) => unknown },
): Promise<void> {
  const before = order.before.toISOString();
  const { rows } = await client.query(
    `SELECT FROM event_uuid WHERE dt < $1 AND NOT EXISTS (
       SELECT FROM setting WHERE key = $2 AND value::timestamptz >= $1) LIMIT 1`,
    [before, UUIDS_FROM],
  );
  if (rows.length === 0) return;
  await transact(db, async (tx) => {
    await tx.execute(sql`SELECT FROM source ORDER BY id FOR UPDATE`);
    await tx.execute(sql`
      INSERT INTO setting AS s (key, value) VALUES (${UUIDS_FROM}, ${before})
      ON CONFLICT (key) DO UPDATE SET value = excluded.value, changed_at = now()`);
  });
  for (let slice = 0; slice < SLICES; slice += 1) {
    await order.onProgress(`ending UUIDs of archived months: ${slice} of ${SLICES}`);
    const [first, last] = [hex(slice, '0'), hex(slice, 'f')];
    const statement = 'DELETE FROM event_uuid WHERE uuid BETWEEN $1 AND $2 AND dt < $3';
    await client.query(statement, [first, last, before]);
  }
}

function hex(slice: number, fill: string): string {
  const digits = slice.toString(16).padStart(2, '0').padEnd(32, fill);
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
