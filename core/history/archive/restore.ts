/** Brings a month of raw events back from its files. */
import { join } from 'node:path';
import type { PoolClient } from 'pg';
import { PoolError } from '../../base/errors/pool-error.js';
import { type Database, onConnection } from '../../db/database.js';
import { UUIDS_FROM } from '../../events/store/ingest/event-uuids.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import { monthName } from '../rules/retention.js';
import { type ArchiveRecord, listArchives, verifyArchives } from './archived-months.js';
import { withHistoryLock } from './history-lock.js';
import { loadArchive } from './month-file.js';
import {
  attachPartition,
  leaveDefault,
  listPartitions,
  monthsInDefault,
  partitionName,
  whenUnlocked,
} from './month-partitions.js';

export interface RestoreOrder extends Decision {
  readonly dir: string;
  readonly month: Date;
  readonly onProgress: (words: string) => void;
}

/** Puts a month back and returns its number of rows. From then on copies of its events are recognized again. */
export async function restoreMonth(db: Database, order: RestoreOrder): Promise<number> {
  return withHistoryLock(db, async (client) => {
    const all = await listArchives(onConnection(client), 'archived');
    const records = all.filter(({ month }) => month.getTime() === order.month.getTime());
    if (records.length === 0) {
      throw new PoolError('ARCHIVE_UNKNOWN', `${monthName(order.month)} is not in the archive`);
    }
    const [damage] = await verifyArchives(records, order.dir, order.onProgress);
    if (damage !== undefined) throw new PoolError('ARCHIVE_DAMAGED', damage.message);
    order.onProgress(`bringing ${monthName(order.month)} back`);
    const isFree =
      (await makeWay(client, order.month)) &&
      (await whenUnlocked(client, () => restore(client, order, records))) !== 'locked';
    if (!isFree) throw new PoolError('HISTORY_BUSY', 'the table of raw events is in use');
    return records.reduce((sum, { rows }) => sum + rows, 0);
  });
}

/**
 * Moves the month's events that came after it was archived out of the DEFAULT partition: while they are there, Postgres
 * refuses to attach a partition for the month. Returns false when it could not get the locks.
 */
async function makeWay(client: PoolClient, month: Date): Promise<boolean> {
  const months = await monthsInDefault(client);
  const isInDefault = months.some((one) => one.getTime() === month.getTime());
  return !isInDefault || leaveDefault(client, month);
}

async function restore(
  client: PoolClient,
  order: RestoreOrder,
  records: readonly ArchiveRecord[],
): Promise<'restored'> {
  const { month, dir } = order;
  const name = partitionName(month);
  const partitions = await listPartitions(client);
  // The partition exists already when events of the month came after it was archived, from a source that had none in it.
  const isThere = partitions.some((one) => one.name === name);
  if (!isThere) await client.query(`CREATE TABLE ${name} (LIKE pool_event INCLUDING DEFAULTS)`);
  for (const { file, rows } of records) {
    const loaded = await loadArchive(client, name, join(dir, file));
    if (loaded === rows) continue;
    throw new PoolError('ARCHIVE_DAMAGED', `${file} gave ${loaded} events of ${rows}`);
  }
  await client.query('SELECT FROM source ORDER BY id FOR UPDATE');
  if (!isThere) await attachPartition(client, { name, month });
  await client.query(
    `UPDATE event_archive SET state = 'restored', restored_at = now() WHERE id = ANY ($1)`,
    [records.map(({ id }) => id)],
  );
  // Each source's horizon goes back to the end of its newest month that is still archived, in UTC.
  await client.query(`UPDATE source s SET archived_to = (
    SELECT (max(a.month) AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'
      FROM event_archive a
     WHERE a.state = 'archived' AND a.sources ? s.id) WHERE s.archived_to IS NOT NULL`);
  await restoreUuids(client, name);
  await recordDecision(onConnection(client), {
    actor: order.actor,
    reason: order.reason,
    action: 'archive.restore',
    subject: monthName(month),
  });
  return 'restored';
}

/** Stores the month's UUIDs again. They are then kept from the end of the newest month that is still archived. */
async function restoreUuids(client: PoolClient, name: string): Promise<void> {
  await client.query(
    `INSERT INTO event_uuid (uuid, source_id, dt) SELECT event_id::uuid, source_id, dt FROM ONLY ${name}
      WHERE event_id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
      ORDER BY 1 ON CONFLICT DO NOTHING`,
  );
  const { rows } = await client.query<{ ends: Date | null }>(
    `SELECT (max(month) AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC' AS ends
       FROM event_archive WHERE state = 'archived'`,
  );
  const ends = rows[0]?.ends?.toISOString() ?? '-infinity';
  await client.query(
    'UPDATE setting SET value = $2, changed_at = now() WHERE key = $1 AND value::timestamptz > $2::timestamptz',
    [UUIDS_FROM, ends],
  );
}
