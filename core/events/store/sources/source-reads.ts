/** Reads the sources: how far each was read, when it last worked, and how much came from it. */
import {
  and,
  type Column,
  desc,
  eq,
  getTableColumns,
  gt,
  isNotNull,
  isNull,
  type SQL,
  sql,
} from 'drizzle-orm';
import { PoolError } from '../../../base/errors/pool-error.js';
import { listOf } from '../../../base/lists.js';
import type { Reader } from '../../../db/database.js';
import { rows } from '../../../db/query.js';
import {
  eventCount,
  eventTotal,
  setAside,
  source,
  sourceObject,
  sourceObjectChange,
  unmatchedJob,
} from '../tables.js';
import { isIncompleteOf, isOverwrittenOf } from './source-objects.js';

const sumOf = (column: Column, where: SQL | undefined): SQL<bigint> =>
  sql`(SELECT coalesce(sum(${column}), 0) FROM ${column.table} WHERE ${where})`.mapWith(BigInt);

/** The columns without those that matter only to whoever reads from the source. */
const {
  deepFromDt: _deepFrom,
  deepPassAt: _deepPass,
  nextSeq: _seq,
  nextBatch: _batch,
  archivedTo: _archived,
  watchLeft: _watch,
  ofSource: of,
  ...COLUMNS
} = getTableColumns(source);

/** Lists all sources by id, those removed from the configuration last. There are only a handful, so there are no pages. */
export async function listSources(db: Reader, now: Date) {
  const connected = await connectedWorkers(db);
  const dayAgo = new Date(now.getTime() - 86_400_000);
  const sources = await db
    .select({
      ...COLUMNS,
      of,
      events: sumOf(eventTotal.events, eq(eventTotal.sourceId, source.id)),
      zeroFeeEvents: sumOf(eventTotal.zeroFeeEvents, eq(eventTotal.sourceId, source.id)),
      eventsLastDay: sumOf(
        eventCount.events,
        and(eq(eventCount.sourceId, source.id), gt(eventCount.hour, dayAgo)),
      ),
      setAside: db.$count(
        setAside,
        and(eq(setAside.sourceId, source.id), isNull(setAside.resolvedAt)),
      ),
      unattributedJobs: db.$count(
        unmatchedJob,
        and(eq(unmatchedJob.sourceId, source.id), eq(unmatchedJob.role, 'processed')),
      ),
      incompleteObjects: db.$count(sourceObject, isIncompleteOf(source.id)),
      /** How many objects were overwritten by another version after they were read to their end. */
      overwrittenObjects: db.$count(sourceObjectChange, isOverwrittenOf(source.id)),
    })
    .from(source)
    .orderBy(isNotNull(source.removedAt), source.id);
  return sources.map(({ stoppedAt, stoppedWhy, ...row }) => ({
    ...row,
    /** Set while the source is stopped because it gives the events of another one, until a person decides. */
    stopped: stoppedAt === null || stoppedWhy === null ? null : { at: stoppedAt, why: stoppedWhy },
    /** How many remote workers have a live connection to the source. */
    connectedWorkers: connected.get(row.id) ?? 0,
  }));
}
export type SourceSummary = Awaited<ReturnType<typeof listSources>>[number];

/** Counts the events of each type and version that came from each source, the most frequent first. */
export async function countEventTypes(db: Reader) {
  const { sourceId, eventType, version } = eventTotal;
  const events = sql`${eventTotal.events}`.mapWith(BigInt);
  const counts = await db
    .select({ sourceId, eventType, version, events })
    .from(eventTotal)
    .orderBy(desc(eventTotal.events), eventType, version);
  return groupBySource(counts);
}

/** Counts events by type and by the hour of their own time, of one source or of all. */
export async function countHours(
  db: Reader,
  span: { readonly from: Date; readonly to: Date; readonly sourceId?: string },
) {
  const { from, to, sourceId } = span;
  return rows(
    db,
    {
      sourceId: eventCount.sourceId,
      hour: eventCount.hour,
      eventType: eventCount.eventType,
      version: eventCount.version,
      events: BigInt,
      zeroFeeEvents: BigInt,
    },
    sql`SELECT e.source_id AS "sourceId", e.hour, e.event_type AS "eventType", e.version, e.events,
               e.zero_fee_events AS "zeroFeeEvents"
          FROM source s CROSS JOIN LATERAL (
               SELECT * FROM event_count c WHERE c.source_id = s.id
                  AND c.hour BETWEEN ${from.toISOString()} AND ${to.toISOString()} OFFSET 0) e
         WHERE ${sourceId === undefined ? sql`true` : sql`s.id = ${sourceId}`}
         ORDER BY s.id, e.hour, e.event_type, e.version`,
  );
}
export type HourOfSource = Awaited<ReturnType<typeof countHours>>[number];

/** Throws SOURCE_UNKNOWN for a name that no source has or had: a misspelt one would be answered "none" everywhere. */
export async function requireKnownSource(
  db: Reader,
  sourceId: string | null | undefined,
): Promise<void> {
  if (sourceId === null || sourceId === undefined) return;
  const { id } = source;
  const known = (await db.select({ id }).from(source).orderBy(id)).map((row) => row.id);
  if (known.includes(sourceId)) return;
  const names = known.length === 0 ? 'none is known yet' : `known are ${known.join(', ')}`;
  throw new PoolError('SOURCE_UNKNOWN', `there is no source "${sourceId}": ${names}`);
}

/**
 * Counts the remote workers that have a live connection, by source (see liveConnections). The query steps along the
 * index from one worker's newest connection to the next worker's, so the number of connections of each does not matter.
 */
export async function connectedWorkers(db: Reader): Promise<ReadonlyMap<string, number>> {
  const counts = await rows(
    db,
    { sourceId: source.id, workers: Number },
    sql`
    WITH RECURSIVE newest AS (
      (SELECT source_id, remote_worker_id, changed_dt, changed_seq FROM connection WHERE up
        ORDER BY source_id, remote_worker_id, changed_dt DESC, changed_seq DESC LIMIT 1)
      UNION ALL
      SELECT next_one.* FROM newest CROSS JOIN LATERAL (
        SELECT c.source_id, c.remote_worker_id, c.changed_dt, c.changed_seq FROM connection c
         WHERE c.up AND (c.source_id, c.remote_worker_id) > (newest.source_id, newest.remote_worker_id)
         ORDER BY c.source_id, c.remote_worker_id, c.changed_dt DESC, c.changed_seq DESC
         LIMIT 1) next_one)
    SELECT c.source_id AS "sourceId", count(*) AS workers
      FROM newest c
      JOIN remote_worker w ON w.id = c.remote_worker_id
      JOIN source s ON s.id = c.source_id
      LEFT JOIN source_reset r
        ON r.source_id = c.source_id AND r.region = w.region AND r.node_type = w.node_type
     WHERE s.removed_at IS NULL
       AND (s.region IS NULL OR s.region = w.region)
       AND (s.node_type IS NULL OR s.node_type = w.node_type)
       AND (r.reset_dt IS NULL OR (c.changed_dt, c.changed_seq) > (r.reset_dt, r.reset_seq))
     GROUP BY c.source_id`,
  );
  return new Map(counts.map(({ sourceId, workers }) => [sourceId, workers]));
}

/** Set-aside events of one code are counted up to this number: beyond it, all that matters is that there are many. */
const MOST_SET_ASIDE = 10_000;

/** Counts the events that are still set aside, by source and code; of each code at most 10,000 are counted. */
export async function countSetAside(db: Reader) {
  // The query steps along the index from one code to the next, including codes that only earlier versions used.
  const counts = await rows(
    db,
    { sourceId: setAside.sourceId, code: setAside.code, events: Number },
    sql`
    WITH RECURSIVE codes AS (
      (SELECT source_id, code FROM set_aside WHERE resolved_at IS NULL
        ORDER BY source_id, code LIMIT 1)
      UNION ALL
      SELECT next_one.* FROM codes CROSS JOIN LATERAL (
        SELECT a.source_id, a.code FROM set_aside a
         WHERE a.resolved_at IS NULL AND (a.source_id, a.code) > (codes.source_id, codes.code)
         ORDER BY a.source_id, a.code LIMIT 1) next_one)
    SELECT codes.source_id AS "sourceId", codes.code, counted.events FROM codes
      CROSS JOIN LATERAL (SELECT count(*) AS events FROM (
        SELECT FROM set_aside a WHERE a.source_id = codes.source_id AND a.code = codes.code
           AND a.resolved_at IS NULL LIMIT ${MOST_SET_ASIDE}) of_code) counted`,
  );
  return groupBySource(counts);
}

function groupBySource<Row extends { readonly sourceId: string }>(
  all: readonly Row[],
): ReadonlyMap<string, readonly Omit<Row, 'sourceId'>[]> {
  const groups = new Map<string, Omit<Row, 'sourceId'>[]>();
  for (const { sourceId, ...row } of all) listOf(groups, sourceId).push(row);
  return groups;
}
