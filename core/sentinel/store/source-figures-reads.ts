/**
 * Reads the figures by which the sentinel judges sources. Each comes from a stored sum or from a range of an index, so the
 * cost of a look depends on how much is wrong and not on how long the history is.
 */
import { and, count, eq, lt, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import { orNull, rows } from '../../db/query.js';
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
    },
    sql`SELECT id AS "sourceId", last_error_code AS "lastErrorCode", stopped_why AS "stoppedWhy",
               ${millis('created_at')} AS "createdMs", ${millis('last_success_at')} AS "lastSuccessMs",
               ${millis('last_fresh_at')} AS "lastFreshMs", ${millis('newest_dt')} AS "newestMs",
               -- An event that was counted for another source, or is set aside, was delivered all the same.
               coalesce(cursor_dt, newest_dt) IS NOT NULL
                 OR EXISTS (SELECT FROM set_aside a WHERE a.source_id = source.id
                             AND a.resolved_at IS NULL) AS "hasSpoken"
          FROM source WHERE removed_at IS NULL ORDER BY id`,
  );
  const unmatchedBefore = new Date(now.getTime() - unmatchedAgeMs);
  const [connected, hours, prices, arrivals, unmatched, setAside, files] = await Promise.all([
    connectedWorkers(db),
    readHours(db, now),
    readPrices(db, now),
    readArrivals(db, new Date(now.getTime() - ARRIVALS_MS)),
    readUnmatched(db, unmatchedBefore),
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

/**
 * Reads the hourly counts of the last week or, for a silent source, of the week before its silence and of the time since.
 * OFFSET 0, here and below, makes Postgres read the index once for each source instead of planning a join.
 */
async function readHours(db: Reader, now: Date): Promise<ReadonlyMap<string, HourCount[]>> {
  const counts = await rows(
    db,
    {
      sourceId: eventCount.sourceId,
      hourMs: Number,
      eventType: eventCount.eventType,
      version: eventCount.version,
      events: eventCount.events,
      zeroFeeEvents: eventCount.zeroFeeEvents,
    },
    sql`SELECT s.id AS "sourceId", ${millis('hour')} AS "hourMs", e.event_type AS "eventType", e.version,
               e.events, e.zero_fee_events AS "zeroFeeEvents"
          FROM source s CROSS JOIN LATERAL (
               SELECT * FROM event_count c WHERE c.source_id = s.id
                  AND c.hour BETWEEN LEAST(${now.toISOString()}::timestamptz, s.last_fresh_at)
                                     - ${`${RHYTHM_MS} ms`}::interval - interval '1 hour'
                      AND ${now.toISOString()}::timestamptz OFFSET 0) e
         WHERE s.removed_at IS NULL ORDER BY s.id, e.hour`,
  );
  return groupBySource(counts);
}

/** Reads the hourly prices of the last `RHYTHM_MS`, of one source or of all. */
export async function readPrices(
  db: Reader,
  now: Date,
  sourceId?: string,
): Promise<ReadonlyMap<string, readonly HourPrice[]>> {
  const since = new Date(now.getTime() - RHYTHM_MS);
  const prices = await rows(
    db,
    {
      sourceId: jobPrice.sourceId,
      hourMs: Number,
      nodeType: jobPrice.nodeType,
      pipeline: jobPrice.pipeline,
      modelId: jobPrice.modelId,
      jobs: jobPrice.jobs,
      grossWei: jobPrice.grossWei,
      computeUnits: jobPrice.computeUnits,
    },
    sql`SELECT p.source_id AS "sourceId", ${millis('hour')} AS "hourMs", p.node_type AS "nodeType", p.pipeline,
               p.model_id AS "modelId", p.jobs, p.gross_wei AS "grossWei", p.compute_units AS "computeUnits"
          FROM source s CROSS JOIN LATERAL (
               SELECT * FROM job_price j WHERE j.source_id = s.id
                  AND j.hour BETWEEN ${since.toISOString()} AND ${now.toISOString()} OFFSET 0) p
         WHERE ${sourceId === undefined ? sql`s.removed_at IS NULL` : sql`s.id = ${sourceId}`}`,
  );
  return groupBySource(prices);
}

/** Reads how far event times were from our clock, by the hour in which the events came, since the given time. */
export async function readArrivals(
  db: Reader,
  since: Date,
): Promise<ReadonlyMap<string, readonly ArrivalHour[]>> {
  const arrivals = await rows(
    db,
    {
      sourceId: arrivalHour.sourceId,
      hourMs: Number,
      passes: arrivalHour.passes,
      leastBehindMs: arrivalHour.leastBehindMs,
      mostAheadMs: arrivalHour.mostAheadMs,
    },
    sql`SELECT a.source_id AS "sourceId", ${millis('hour')} AS "hourMs", a.passes,
               a.least_behind_ms AS "leastBehindMs", a.most_ahead_ms AS "mostAheadMs"
          FROM source s CROSS JOIN LATERAL (
               SELECT * FROM arrival_hour h
                WHERE h.source_id = s.id AND h.hour >= ${since.toISOString()}
                OFFSET 0) a`,
  );
  return groupBySource(arrivals);
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

function groupBySource<Row extends { readonly sourceId: string }>(
  found: readonly Row[],
): ReadonlyMap<string, Omit<Row, 'sourceId'>[]> {
  const groups = new Map<string, Omit<Row, 'sourceId'>[]>();
  for (const { sourceId, ...item } of found) {
    const group = groups.get(sourceId);
    if (group === undefined) groups.set(sourceId, [item]);
    else group.push(item);
  }
  return groups;
}
