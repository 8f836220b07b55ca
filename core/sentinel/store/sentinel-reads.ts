/**
 * The figures that the sentinel judges by. Each comes from a sum that is kept or from a range of a key:
 * what a look costs depends on how much is wrong, not on how long the history is.
 */
import { sql } from 'drizzle-orm';
import type { NodeType } from '../../base/remote-worker.js';
import type { Reader } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { HourPrice } from '../../events/rules/job-price.js';
import { type HourCount, RHYTHM_MS } from '../../events/rules/source-silence.js';
import { countObjects } from '../../events/store/sources/source-object-reads.js';
import { connectedWorkers, countSetAside } from '../../events/store/sources/source-reads.js';
import type { ArrivalHour, SourceFigures } from '../rules/sentinel-figures.js';

/** Figures without what the configuration alone knows. */
export type StoredFigures = Omit<SourceFigures, 'syncIntervalMs'>;

interface SourceRow {
  readonly id: string;
  readonly created_ms: string;
  readonly last_success_ms: string | null;
  readonly last_fresh_ms: string | null;
  readonly newest_ms: string | null;
  readonly has_spoken: boolean;
  readonly last_error_code: string | null;
  readonly stopped_why: string | null;
}

const ARRIVALS_MS = 4 * 3_600_000;

/** Of every source of the configuration, those that were removed left out. */
export async function readSentinelFigures(
  db: Reader,
  look: { readonly now: Date; readonly unmatchedAgeMs: number },
): Promise<readonly StoredFigures[]> {
  const { now, unmatchedAgeMs } = look;
  const sources = await query<SourceRow>(
    db,
    sql`SELECT id, last_error_code, stopped_why, ${millis('created_at')} AS created_ms,
               ${millis('last_success_at')} AS last_success_ms,
               ${millis('last_fresh_at')} AS last_fresh_ms, ${millis('newest_dt')} AS newest_ms,
               -- What counted with another source, or is set aside, was given all the same.
               coalesce(cursor_dt, newest_dt) IS NOT NULL
                 OR EXISTS (SELECT FROM set_aside a WHERE a.source_id = source.id
                             AND a.resolved_at IS NULL) AS has_spoken
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
  return sources.map((row) => ({
    sourceId: row.id,
    createdMs: Number(row.created_ms),
    lastSuccessMs: numberOrNull(row.last_success_ms),
    lastFreshMs: numberOrNull(row.last_fresh_ms),
    newestMs: numberOrNull(row.newest_ms),
    hasSpoken: row.has_spoken,
    lastErrorCode: row.last_error_code,
    stoppedWhy: row.stopped_why,
    connectedWorkers: connected.get(row.id) ?? 0,
    hours: hours.get(row.id) ?? [],
    prices: prices.get(row.id) ?? [],
    arrivals: arrivals.get(row.id) ?? [],
    unmatched: unmatched.get(row.id) ?? { jobs: 0, grossWei: 0n },
    setAside: setAside.get(row.id) ?? [],
    files: files.get(row.id) ?? { incomplete: 0, overwritten: 0 },
  }));
}

const millis = (column: string) =>
  sql`(extract(epoch FROM ${sql.identifier(column)}) * 1000)::bigint`;

interface HourRow {
  readonly source_id: string;
  readonly hour_ms: string;
  readonly event_type: string;
  readonly version: number;
  readonly events: string;
  readonly zero_fee_events: string;
}

/**
 * The week until now or, of a source that is silent, the week until then and what came since. OFFSET 0, here and
 * below: each source is its own walk along the key, whatever the planner thinks of a join.
 */
async function readHours(db: Reader, now: Date): Promise<ReadonlyMap<string, HourCount[]>> {
  const rows = await query<HourRow>(
    db,
    sql`SELECT s.id AS source_id, ${millis('hour')} AS hour_ms, e.event_type, e.version, e.events,
               e.zero_fee_events
          FROM source s CROSS JOIN LATERAL (
               SELECT * FROM event_count c WHERE c.source_id = s.id
                  AND c.hour BETWEEN LEAST(${now.toISOString()}::timestamptz, s.last_fresh_at)
                                     - ${`${RHYTHM_MS} ms`}::interval - interval '1 hour'
                      AND ${now.toISOString()}::timestamptz OFFSET 0) e
         WHERE s.removed_at IS NULL ORDER BY s.id, e.hour`,
  );
  return groupBySource(rows, (row) => ({
    hourMs: Number(row.hour_ms),
    eventType: row.event_type,
    version: row.version,
    events: Number(row.events),
    zeroFeeEvents: Number(row.zero_fee_events),
  }));
}

interface PriceRow {
  readonly source_id: string;
  readonly hour_ms: string;
  readonly node_type: NodeType;
  readonly pipeline: string;
  readonly model_id: string;
  readonly jobs: string;
  readonly gross_wei: string;
  readonly compute_units: string;
}

/** Of the last `RHYTHM_MS`; of one source or of all. */
export async function readPrices(
  db: Reader,
  now: Date,
  sourceId?: string,
): Promise<ReadonlyMap<string, readonly HourPrice[]>> {
  const since = new Date(now.getTime() - RHYTHM_MS);
  const rows = await query<PriceRow>(
    db,
    sql`SELECT p.*, ${millis('hour')} AS hour_ms
          FROM source s CROSS JOIN LATERAL (
               SELECT * FROM job_price j WHERE j.source_id = s.id
                  AND j.hour BETWEEN ${since.toISOString()} AND ${now.toISOString()} OFFSET 0) p
         WHERE ${sourceId === undefined ? sql`s.removed_at IS NULL` : sql`s.id = ${sourceId}`}`,
  );
  return groupBySource(rows, (row) => ({
    hourMs: Number(row.hour_ms),
    nodeType: row.node_type,
    pipeline: row.pipeline,
    modelId: row.model_id,
    jobs: Number(row.jobs),
    grossWei: BigInt(row.gross_wei),
    computeUnits: BigInt(row.compute_units),
  }));
}

/** Since this time, by the hour in which it came. */
export async function readArrivals(
  db: Reader,
  since: Date,
): Promise<ReadonlyMap<string, readonly ArrivalHour[]>> {
  const rows = await query<{
    source_id: string;
    hour_ms: string;
    passes: number;
    least_behind_ms: string | null;
    most_ahead_ms: string;
  }>(
    db,
    sql`SELECT a.*, ${millis('hour')} AS hour_ms
          FROM source s CROSS JOIN LATERAL (
               SELECT * FROM arrival_hour h
                WHERE h.source_id = s.id AND h.hour >= ${since.toISOString()}
                OFFSET 0) a`,
  );
  return groupBySource(rows, (row) => ({
    hourMs: Number(row.hour_ms),
    passes: row.passes,
    leastBehindMs: numberOrNull(row.least_behind_ms),
    mostAheadMs: Number(row.most_ahead_ms),
  }));
}

async function readUnmatched(
  db: Reader,
  before: Date,
): Promise<ReadonlyMap<string, SourceFigures['unmatched']>> {
  const rows = await query<{ source_id: string; jobs: string; gross_wei: string }>(
    db,
    sql`SELECT source_id, count(*) AS jobs, coalesce(sum(gross_wei), 0) AS gross_wei
          FROM unmatched_job WHERE role = 'processed' AND dt < ${before.toISOString()}
         GROUP BY source_id`,
  );
  return new Map(
    rows.map(({ source_id, jobs, gross_wei }) => [
      source_id,
      { jobs: Number(jobs), grossWei: BigInt(gross_wei) },
    ]),
  );
}

function groupBySource<Row extends { readonly source_id: string }, Item>(
  rows: readonly Row[],
  toItem: (row: Row) => Item,
): ReadonlyMap<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const row of rows) {
    const group = groups.get(row.source_id);
    if (group === undefined) groups.set(row.source_id, [toItem(row)]);
    else group.push(toItem(row));
  }
  return groups;
}

const numberOrNull = (text: string | null): number | null => (text === null ? null : Number(text));
