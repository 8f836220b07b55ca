/** Reads the figures of sources from stored sums and ranges of an index: a long history costs a look nothing. */
import { and, type Column, count, eq, lt, type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Reader } from '../../db/database.js';
import { fields, orNull, rows } from '../../db/query.js';
import type { HourPrice } from '../../events/rules/job-price.js';
import { type HourCount, RHYTHM_MS } from '../../events/rules/source-silence.js';
import { countObjects } from '../../events/store/sources/source-objects.js';
import { connectedWorkers, countSetAside } from '../../events/store/sources/source-reads.js';
import {
  arrivalHour,
  eventCount,
  jobPrice,
  source,
  unmatchedJob,
} from '../../events/store/tables.js';
import type { ArrivalHour, SourceFigures } from '../rules/source-figures.js';

/** The figures that are stored in the database. The sync interval is missing: only the configuration knows it. */
export type StoredFigures = Omit<SourceFigures, 'syncIntervalMs'>;

const ARRIVALS_MS = 4 * 3_600_000;

/** Reads the figures of every source that was not removed. */
export async function readSentinelFigures(
  db: Reader,
  look: { readonly now: Date; readonly unmatchedAgeMs: number },
): Promise<readonly StoredFigures[]> {
  const { now, unmatchedAgeMs } = look;
  const sources = await rows(
    db,
    {
      sourceId: source.id,
      createdMs: Number,
      lastSuccessMs: orNull(Number),
      lastFreshMs: orNull(Number),
      newestMs: orNull(Number),
      hasSpoken: Boolean,
      lastErrorCode: source.lastErrorCode,
      stoppedWhy: source.stoppedWhy,
      isPaused: Boolean,
    },
    sql`SELECT id AS "sourceId", last_error_code AS "lastErrorCode", stopped_why AS "stoppedWhy",
               EXISTS (SELECT FROM sync_pause) AS "isPaused",
               ${millis('created_at')} AS "createdMs", ${millis('last_success_at')} AS "lastSuccessMs",
               ${millis('last_fresh_at')} AS "lastFreshMs", ${millis('newest_dt')} AS "newestMs",
               -- An event that was counted for another source, or is set aside, was delivered all the same.
               coalesce(cursor_dt, newest_dt) IS NOT NULL
                 OR EXISTS (SELECT FROM set_aside a WHERE a.source_id = source.id
                             AND a.resolved_at IS NULL) AS "hasSpoken"
          FROM source WHERE removed_at IS NULL ORDER BY id`,
  );
  const [connected, hours, prices, arrivals, unmatched, setAside, files] = await Promise.all([
    connectedWorkers(db),
    readHours(db, now),
    readPrices(db, now),
    readArrivals(db, new Date(now.getTime() - ARRIVALS_MS)),
    readUnmatched(db, new Date(now.getTime() - unmatchedAgeMs)),
    countSetAside(db),
    countObjects(db, now),
  ]);
  return sources.map((figures) => {
    const { sourceId } = figures;
    return {
      ...figures,
      connectedWorkers: connected.get(sourceId) ?? 0,
      hours: hours.get(sourceId) ?? [],
      prices: prices.get(sourceId) ?? [],
      arrivals: arrivals.get(sourceId) ?? [],
      unmatched: unmatched.get(sourceId) ?? { jobs: 0, grossWei: 0n },
      setAside: setAside.get(sourceId) ?? [],
      files: files.get(sourceId) ?? { incomplete: 0, overwritten: 0 },
    };
  });
}

const millis = (column: string) =>
  sql`(extract(epoch FROM ${sql.identifier(column)}) * 1000)::bigint`;

const HOURLY = { sourceId: source.id, hourMs: Number };

/** Reads an hourly table. OFFSET 0 makes Postgres read its index once for each source instead of planning a join. */
function hourly(
  table: PgTable,
  columns: Readonly<Record<string, Column>>,
  hours: SQL,
  sources: SQL,
): SQL {
  return sql`SELECT s.id AS "sourceId", ${millis('hour')} AS "hourMs", ${fields('e', columns)}
               FROM source s CROSS JOIN LATERAL (
                    SELECT * FROM ${table} t WHERE t.source_id = s.id AND t.hour ${hours} OFFSET 0) e
              WHERE ${sources} ORDER BY s.id, e.hour`;
}

const PRESENT = sql`s.removed_at IS NULL`;

/** Reads the counts of the last week or, for a silent source, of the week before its silence and of the time since. */
async function readHours(db: Reader, now: Date): Promise<ReadonlyMap<string, HourCount[]>> {
  const { eventType, version, events, zeroFeeEvents } = eventCount;
  const columns = { eventType, version, events, zeroFeeEvents };
  const until = sql`${now.toISOString()}::timestamptz`;
  const hours = sql`BETWEEN LEAST(${until}, s.last_fresh_at) - ${`${RHYTHM_MS} ms`}::interval
                    - interval '1 hour' AND ${until}`;
  const statement = hourly(eventCount, columns, hours, PRESENT);
  return groupBySource(await rows(db, { ...HOURLY, ...columns }, statement));
}

/** Reads the hourly prices of the last `RHYTHM_MS`, of one source or of all. */
export async function readPrices(
  db: Reader,
  now: Date,
  sourceId?: string,
): Promise<ReadonlyMap<string, readonly HourPrice[]>> {
  const { nodeType, pipeline, modelId, jobs, grossWei, computeUnits } = jobPrice;
  const columns = { nodeType, pipeline, modelId, jobs, grossWei, computeUnits };
  const since = new Date(now.getTime() - RHYTHM_MS);
  const hours = sql`BETWEEN ${since.toISOString()} AND ${now.toISOString()}`;
  const sources = sourceId === undefined ? PRESENT : sql`s.id = ${sourceId}`;
  const statement = hourly(jobPrice, columns, hours, sources);
  return groupBySource(await rows(db, { ...HOURLY, ...columns }, statement));
}

/** Reads how far event times were from our clock, by the hour in which the events came, since the given time. */
export async function readArrivals(
  db: Reader,
  since: Date,
): Promise<ReadonlyMap<string, readonly ArrivalHour[]>> {
  const { passes, leastBehindMs, mostAheadMs } = arrivalHour;
  const columns = { passes, leastBehindMs, mostAheadMs };
  const hours = sql`>= ${since.toISOString()}`;
  const statement = hourly(arrivalHour, columns, hours, sql`true`);
  return groupBySource(await rows(db, { ...HOURLY, ...columns }, statement));
}

async function readUnmatched(
  db: Reader,
  before: Date,
): Promise<ReadonlyMap<string, SourceFigures['unmatched']>> {
  const jobs = await db
    .select({
      sourceId: unmatchedJob.sourceId,
      jobs: count(),
      grossWei: sql<bigint>`coalesce(sum(${unmatchedJob.grossWei}), 0)`.mapWith(
        unmatchedJob.grossWei,
      ),
    })
    .from(unmatchedJob)
    .where(and(eq(unmatchedJob.role, 'processed'), lt(unmatchedJob.dt, before)))
    .groupBy(unmatchedJob.sourceId);
  return new Map(jobs.map(({ sourceId, ...unmatched }) => [sourceId, unmatched]));
}

function groupBySource<Row extends { readonly sourceId: string }>(found: readonly Row[]) {
  const groups = new Map<string, Omit<Row, 'sourceId'>[]>();
  for (const { sourceId, ...item } of found) {
    const group = groups.get(sourceId) ?? [];
    group.push(item);
    groups.set(sourceId, group);
  }
  return groups;
}
