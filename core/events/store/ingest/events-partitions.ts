/** Monthly partitions of the raw events, made before the first event of a month is stored. */
import { sqlText } from '../../../db/copy/copy-text.js';
import type { Database } from '../../../db/database.js';
import { LOCKS } from '../../../db/locks.js';
import { sqlState } from '../../../db/transact.js';

/** A source whose clock is wild must not make a partition for every month it dreams of. */
const MONTHS_AHEAD = 2;

/**
 * Makes the partitions that the times need, apart from the batch's own transaction. Months far
 * ahead stay in the DEFAULT partition, and so does a month of which it already holds rows.
 *
 * @param seenMonths months looked after before; added to
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
    // Mostly the month of the event before.
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
  const start = new Date(monthMs);
  const from = sqlText(start.toISOString());
  const to = sqlText(
    new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1)).toISOString(),
  );
  const client = await db.$client.connect();
  let failure: unknown;
  try {
    const known = await client.query('SELECT to_regclass($1) IS NOT NULL AS is_there', [name]);
    if (known.rows[0]?.is_there === true) return;
    // Attached, not created as a partition: that would lock readers of the whole table out.
    await client.query(`BEGIN; SET LOCAL lock_timeout = '5s';
      SELECT pg_advisory_xact_lock(${LOCKS.partition});
      CREATE TABLE IF NOT EXISTS ${name} (LIKE pool_event INCLUDING DEFAULTS);
      DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = '${name}'::regclass) THEN
          ALTER TABLE pool_event ATTACH PARTITION ${name} FOR VALUES FROM (${from}) TO (${to});
        END IF;
      END $$;
      COMMIT`);
  } catch (error) {
    failure = error;
    await client.query('ROLLBACK').catch(() => undefined);
    if (!isTolerable(error)) throw error;
  } finally {
    client.release(failure !== undefined && !isTolerable(failure));
  }
}

/**
 * 23514: the DEFAULT partition holds rows of this month, which then stays there. 55P03: somebody
 * reads it at length; the events go to DEFAULT rather than wait.
 */
function isTolerable(error: unknown): boolean {
  return ['23514', '55P03'].includes(sqlState(error));
}

function nameOf(monthMs: number): string {
  return `pool_event_${new Date(monthMs).toISOString().slice(0, 7).replace('-', '_')}`;
}
