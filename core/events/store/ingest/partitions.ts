/** Makes the monthly partitions of the raw events, each before the first event of its month is stored. */
import { sql } from 'drizzle-orm';
import type { Database } from '../../../db/database.js';
import { LOCKS } from '../../../db/locks.js';
import { query } from '../../../db/query.js';
import { sqlState } from '../../../db/transact.js';

/** Partitions are made up to this many months ahead, because a source may have a wrong clock. */
const MONTHS_AHEAD = 2;

/**
 * Makes the partitions that the times need, apart from `seenMonths`, to which it adds them. It does so outside the
 * transaction of the batch. Events go to the DEFAULT partition if their month is far ahead or already has rows there.
 */
export async function ensurePartitions(
  db: Database,
  times: { readonly dtsMs: Iterable<number>; readonly now: Date },
  seenMonths: Set<string>,
): Promise<void> {
  const { now } = times;
  const latestMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + MONTHS_AHEAD + 1);
  const missing = new Set<number>();
  let [fromMs, toMs] = [Number.NaN, Number.NaN];
  for (const dtMs of times.dtsMs) {
    // Most events are in the same month as the event before.
    if (dtMs >= fromMs && dtMs < toMs) continue;
    const dt = new Date(dtMs);
    fromMs = Date.UTC(dt.getUTCFullYear(), dt.getUTCMonth());
    toMs = Date.UTC(dt.getUTCFullYear(), dt.getUTCMonth() + 1);
    if (fromMs < latestMs && !seenMonths.has(nameOf(fromMs))) missing.add(fromMs);
  }
  for (const month of missing) {
    await ensurePartition(db, month);
    seenMonths.add(nameOf(month));
  }
}

async function ensurePartition(db: Database, monthMs: number): Promise<void> {
  const name = nameOf(monthMs);
  const [month] = await query(db, sql`SELECT WHERE to_regclass(${name}) IS NOT NULL`);
  if (month !== undefined) return;
  const start = new Date(monthMs);
  const end = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1));
  // The partition is made as a table and then attached: creating it as a partition would lock out all readers.
  const statements = `SET LOCAL lock_timeout = '5s';
    SELECT pg_advisory_xact_lock(${LOCKS.partition});
    CREATE TABLE IF NOT EXISTS ${name} (LIKE pool_event INCLUDING DEFAULTS);
    DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = '${name}'::regclass) THEN
        ALTER TABLE pool_event ATTACH PARTITION ${name}
          FOR VALUES FROM ('${start.toISOString()}') TO ('${end.toISOString()}');
      END IF;
    END $$`;
  try {
    await db.transaction((tx) => tx.execute(sql.raw(statements)));
  } catch (error) {
    if (!isTolerable(error)) throw error;
  }
}

/**
 * Tells whether the events may go to the DEFAULT partition instead. 23514: that partition already has rows of this
 * month, so the month stays there. 55P03: a long read holds a lock on the table, and the batch does not wait for it.
 */
function isTolerable(error: unknown): boolean {
  return ['23514', '55P03'].includes(sqlState(error));
}

function nameOf(monthMs: number): string {
  return `pool_event_${new Date(monthMs).toISOString().slice(0, 7).replace('-', '_')}`;
}
