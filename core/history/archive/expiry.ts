/**
 * Deletes rows that are kept for a limited time: idempotency keys, set-aside events that were counted later, ended waits of
 * payouts, UUIDs of archived months. */
import { sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import type { Database } from '../../db/database.js';
import { transact } from '../../db/transact.js';
import { UUIDS_FROM } from '../../events/store/ingest/event-uuids.js';

/**
 * Idempotency keys are kept for this many days, as docs/api.md promises. A client that repeats a request does so within
 * minutes.
 */
const KEY_DAYS = 30;
/** A set-aside event is deleted this many days after it was counted; by then it is stored among the raw events. */
const RESOLVED_DAYS = 90;
/** How long payouts waited is kept for this many days; the usual waits are told from the last thirty. */
const WAIT_DAYS = 90;
/** One statement deletes at most this many rows. */
const MANY = 10_000;
/**
 * UUIDs are deleted in this many slices, one for each value of their first byte: the UUIDs of a slice are next to each
 * other in the index.
 */
const SLICES = 256;

/**
 * Deletes expired idempotency keys, set-aside events and ended waits, a limited number at a time. Returns the number of deleted rows.
 */
export async function endOldRows(db: Database): Promise<number> {
  const keys = await deleteAll(
    db,
    sql`DELETE FROM idempotency_key WHERE key IN (
          SELECT key FROM idempotency_key
           WHERE created_at < now() - make_interval(days => ${KEY_DAYS}) LIMIT ${MANY})`,
  );
  const resolved = await deleteAll(
    db,
    sql`DELETE FROM set_aside WHERE id IN (
          SELECT id FROM set_aside
           WHERE resolved_at < now() - make_interval(days => ${RESOLVED_DAYS}) LIMIT ${MANY})`,
  );
  const waits = await deleteAll(
    db,
    sql`DELETE FROM payout_wait WHERE ctid IN (
          SELECT ctid FROM payout_wait
           WHERE ended_at < now() - make_interval(days => ${WAIT_DAYS}) LIMIT ${MANY})`,
  );
  return keys + resolved + waits;
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
