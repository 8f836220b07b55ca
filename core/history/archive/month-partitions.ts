/** Reads, drops and attaches the monthly partitions of the raw events. */
import { sql } from 'drizzle-orm';
import type { PoolClient } from 'pg';
import { sqlTime } from '../../db/copy/copy-text.js';
import { onConnection } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { sqlState } from '../../db/transact.js';
import { monthName, monthStart, parseMonth } from '../rules/retention.js';
import { eventArchive } from '../tables.js';
import type { ArchiveRecord, ArchiveSums } from './archived-months.js';

export interface Partition {
  readonly name: string;
  readonly month: Date;
}

interface PartitionSource {
  readonly sourceId: string;
  readonly newestReceived: Date;
  /** From this event time on the source has not been completely read yet; null when all of it has been read. */
  readonly uncoveredFrom: Date | null;
}

const DEFAULT_PARTITION = 'pool_event_default';
const LOCK_TIMEOUT = '2s';
const LOCK_TRIES = 5;
const LOCK_PAUSE_MS = 1_500;
/** SQLSTATEs of a lock that is not available and of a deadlock: the transaction has done nothing. */
const LOCKED = new Set(['55P03', '40P01']);

/** Lists the months that have a partition of their own, the oldest first. */
export async function listPartitions(client: PoolClient): Promise<readonly Partition[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'pool_event'::regclass ORDER BY 1`,
  );
  return rows.flatMap(({ name }) => {
    const month = parseMonth(name.replace(/^pool_event_/, '').replace('_', '-'));
    return month === undefined ? [] : [{ name, month }];
  });
}

/** Lists all partitions, the DEFAULT one last. */
export async function allPartitions(client: PoolClient): Promise<readonly string[]> {
  const months = await listPartitions(client);
  return [...months.map(({ name }) => name), DEFAULT_PARTITION];
}

export function partitionName(month: Date): string {
  return `pool_event_${monthName(month).replace('-', '_')}`;
}

/** Lists the sources whose events a partition holds, each with the time at which its last event came. */
export async function partitionSources(
  client: PoolClient,
  partition: string,
): Promise<readonly PartitionSource[]> {
  const { rows } = await client.query<PartitionSource>(
    `SELECT p.source_id AS "sourceId", p.newest AS "newestReceived",
            CASE WHEN s.removed_at IS NULL THEN s.deep_from_dt END AS "uncoveredFrom"
       FROM (SELECT source_id, max(received_at) AS newest FROM ONLY ${partition} GROUP BY 1) p
       LEFT JOIN source s ON s.id = p.source_id ORDER BY 1`,
  );
  return rows;
}

/** Computes the totals of a partition's rows; undefined when it has none. */
export async function partitionSums(
  client: PoolClient,
  partition: string,
): Promise<ArchiveSums | undefined> {
  const { rows: count, grossWei, minDt, maxDt, sources } = eventArchive;
  const [sums] = await rows(
    onConnection(client),
    { rows: count, grossWei, minDt, maxDt, sources },
    sql.raw(`SELECT sum(rows) AS rows, sum(gross) AS "grossWei", min(first) AS "minDt", max(last) AS "maxDt",
                    jsonb_object_agg(source_id, jsonb_build_object('rows', rows::text, 'grossWei', gross::text)) AS sources
               FROM (SELECT source_id, count(*) AS rows, coalesce(sum(gross_wei), 0) AS gross, min(dt) AS first,
                            max(dt) AS last FROM ONLY ${partition} GROUP BY 1) each HAVING count(*) > 0`),
  );
  return sums;
}

/** Returns a text that identifies the contents of a partition: it changes when any row is added, deleted or changed. */
export async function fingerprint(client: PoolClient, partition: string): Promise<string> {
  const { rows } = await client.query(
    `SELECT concat_ws('/', count(*), sum(seq), sum(extract(epoch FROM dt)), sum(gross_wei),
              sum(commission_wei), sum(terms_id), sum(remote_worker_id), sum(rate_id), sum(hashtextextended(
                concat_ws(E'\\n', source_id, event_id, event_type, payload, match_event_id), seq))) AS mark
       FROM ONLY ${partition}`,
  );
  return rows[0]?.mark;
}

export type DropOutcome = 'dropped' | 'changed' | 'locked';

/**
 * Drops a partition whose rows are in the record's file, or one without rows. In one transaction, with writers locked out, it checks that the rows are still
 * those that were exported, moves the horizon of their sources, and drops the table. Users of the whole table wait only for
 * the last step, which takes milliseconds, and never longer than the lock's time-out.
 */
export async function dropPartition(
  client: PoolClient,
  partition: Partition,
  end: { readonly record: ArchiveRecord | null; readonly lockTries?: number | undefined },
): Promise<DropOutcome> {
  const { record, lockTries } = end;
  const mark = record?.fingerprint ?? (await fingerprint(client, partition.name));
  const sourceIds = Object.keys(record?.sources ?? {});
  const drop = async (): Promise<DropOutcome> => {
    await client.query(`LOCK TABLE ONLY ${partition.name} IN SHARE MODE`);
    if ((await fingerprint(client, partition.name)) !== mark) return 'changed';
    await client.query('SELECT FROM source WHERE id = ANY ($1) ORDER BY id FOR UPDATE', [
      sourceIds,
    ]);
    await client.query(
      'UPDATE source SET archived_to = GREATEST(archived_to, $2) WHERE id = ANY ($1)',
      [sourceIds, monthStart(partition.month, 1)],
    );
    await client.query(keepPlacesStatement(partition));
    await client.query(
      `UPDATE event_archive SET state = 'archived', archived_at = now() WHERE id = $1`,
      [record?.id],
    );
    await client.query(`ALTER TABLE pool_event DETACH PARTITION ${partition.name};
      DROP TABLE ${partition.name}`);
    return 'dropped';
  };
  return whenUnlocked(client, drop, lockTries);
}

/** Copies node type and region to the AI-job halves that still wait: these outlive their raw rows. */
function keepPlacesStatement({ name, month }: Partition): string {
  return `UPDATE unmatched_job u SET node_type = p.node_type, region = p.region FROM ONLY ${name} p
    WHERE u.dt >= ${sqlTime(month.getTime())} AND u.dt < ${sqlTime(monthStart(month, 1).getTime())}
      AND p.source_id = u.source_id AND p.dt = u.dt AND p.event_id = u.event_id`;
}

/** Lists the months that have rows in the DEFAULT partition, the oldest first. */
export async function monthsInDefault(client: PoolClient): Promise<readonly Date[]> {
  const { rows } = await client.query<{ month: Date }>(
    `SELECT DISTINCT date_trunc('month', dt, 'UTC') AS month FROM ONLY ${DEFAULT_PARTITION} ORDER BY 1`,
  );
  return rows.map(({ month }) => month);
}

/** Moves a month out of the DEFAULT partition into one of its own. Returns false when it could not get the locks. */
export async function leaveDefault(
  client: PoolClient,
  month: Date,
  lockTries?: number,
): Promise<boolean> {
  const name = partitionName(month);
  const within = `dt >= ${sqlTime(month.getTime())} AND dt < ${sqlTime(monthStart(month, 1).getTime())}`;
  const leave = async (): Promise<DropOutcome> => {
    await client.query(`LOCK TABLE ONLY ${DEFAULT_PARTITION} IN SHARE ROW EXCLUSIVE MODE`);
    await client.query(`CREATE TABLE ${name} (LIKE pool_event INCLUDING DEFAULTS);
      INSERT INTO ${name} SELECT * FROM ONLY ${DEFAULT_PARTITION} WHERE ${within};
      DELETE FROM ONLY ${DEFAULT_PARTITION} WHERE ${within}`);
    await attachPartition(client, { name, month });
    return 'dropped';
  };
  return (await whenUnlocked(client, leave, lockTries)) === 'dropped';
}

/** Attaches a filled table. Key and bounds come first, to hold the lock on the whole table only briefly. */
export async function attachPartition(client: PoolClient, one: Partition): Promise<void> {
  const [from, to] = [one.month, monthStart(one.month, 1)].map((time) => sqlTime(time.getTime()));
  await client.query(`ALTER TABLE ${one.name} ADD PRIMARY KEY (source_id, dt, event_id);
    ALTER TABLE ${one.name} ADD CONSTRAINT bounds CHECK (dt >= ${from} AND dt < ${to});
    ALTER TABLE pool_event ATTACH PARTITION ${one.name} FOR VALUES FROM (${from}) TO (${to});
    ALTER TABLE ${one.name} DROP CONSTRAINT bounds`);
}

/**
 * Runs one transaction with a short lock time-out, and tries again while others hold a lock that it needs. Rolls back when
 * `work` returns 'changed'; returns 'locked' when every try failed.
 */
export async function whenUnlocked<T extends string>(
  client: PoolClient,
  work: () => Promise<T>,
  lockTries = LOCK_TRIES,
): Promise<T | 'locked'> {
  for (let tries = 1; ; tries += 1) {
    await client.query(`BEGIN; SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    try {
      const outcome = await work();
      await client.query(outcome === 'changed' ? 'ROLLBACK' : 'COMMIT');
      return outcome;
    } catch (error) {
      await client.query('ROLLBACK');
      if (!LOCKED.has(sqlState(error))) throw error;
      if (tries >= lockTries) return 'locked';
      await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MS));
    }
  }
}
