/** Sources: how far each was read, when it last worked, and how much came from it. */
import { sql } from 'drizzle-orm';
import { PoolError } from '../../../base/errors/pool-error.js';
import type { NodeType } from '../../../base/remote-worker.js';
import type { Reader } from '../../../db/database.js';
import { toDate, toDateOrNull } from '../../../db/paging.js';

export interface SourceSummary {
  readonly id: string;
  readonly kind: string;
  readonly readsFrom: string;
  readonly region: string | null;
  readonly nodeType: NodeType | null;
  readonly fromDt: Date | null;
  readonly cursorDt: Date | null;
  readonly newestDt: Date | null;
  readonly lastPassAt: Date | null;
  readonly lastSuccessAt: Date | null;
  /** When something new came for the last time, by our clock. */
  readonly lastFreshAt: Date | null;
  readonly lastErrorCode: string | null;
  readonly lastError: string | null;
  readonly removedAt: Date | null;
  /** A dump: whose events it brings. */
  readonly of: string | null;
  /** It gives what another source has given, and is read no more until a person decides. */
  readonly stopped: { readonly at: Date; readonly why: string } | null;
  /** Moved to where it has not shown yet that it is the same. */
  readonly moveUnproven: boolean;
  readonly createdAt: Date;
  readonly events: bigint;
  readonly eventsLastDay: bigint;
  readonly zeroFeeEvents: bigint;
  readonly setAside: number;
  readonly unattributedJobs: number;
  /** Of a source that is made of objects: not whole when they were read last. */
  readonly incompleteObjects: number;
  /** Those that were read to their end and are other objects now. */
  readonly overwrittenObjects: number;
  /** When a pass last looked at all of them, old ones included; null: not yet, or it has none. */
  readonly objectsListedAt: Date | null;
  /** Remote workers with a live connection to it. */
  readonly connectedWorkers: number;
}

export interface EventTypeCount {
  readonly eventType: string;
  readonly version: number;
  readonly events: bigint;
}

export interface HourOfSource {
  readonly sourceId: string;
  readonly hour: Date;
  readonly eventType: string;
  readonly version: number;
  readonly events: bigint;
  readonly zeroFeeEvents: bigint;
}

type EventTypeRow = { source_id: string; event_type: string; version: number; events: string };

type SourceRow = {
  id: string;
  kind: string;
  reads_from: string;
  region: string | null;
  node_type: NodeType | null;
  from_dt: string | null;
  cursor_dt: string | null;
  newest_dt: string | null;
  last_pass_at: string | null;
  last_success_at: string | null;
  last_fresh_at: string | null;
  last_error_code: string | null;
  last_error: string | null;
  removed_at: string | null;
  of_source: string | null;
  stopped_at: string | null;
  stopped_why: string | null;
  move_unproven: boolean;
  created_at: string;
  events: string;
  events_last_day: string;
  zero_fee_events: string;
  set_aside: number;
  unattributed_jobs: number;
  incomplete_objects: number;
  overwritten_objects: number;
  objects_listed_at: string | null;
};

/** All sources by id, those removed from the configuration last. There are a handful: no pages. */
export async function listSources(db: Reader, now: Date): Promise<readonly SourceSummary[]> {
  const connected = await connectedWorkers(db);
  const { rows } = await db.execute<SourceRow>(sql`
    SELECT s.*, coalesce(counted.events, 0) AS events,
           coalesce(counted.zero_fee_events, 0) AS zero_fee_events,
           (SELECT coalesce(sum(e.events), 0) FROM event_count e
             WHERE e.source_id = s.id
               AND e.hour > ${now.toISOString()}::timestamptz - interval '24 hours')
             AS events_last_day,
           (SELECT count(*)::int FROM set_aside a
             WHERE a.source_id = s.id AND a.resolved_at IS NULL) AS set_aside,
           (SELECT count(*)::int FROM unmatched_job u
             WHERE u.source_id = s.id AND u.role = 'processed') AS unattributed_jobs,
           (SELECT count(*)::int FROM source_object o
             WHERE o.source_id = s.id AND o.due_at IS NOT NULL AND o.failure_code IS NOT NULL)
             AS incomplete_objects,
           (SELECT count(*)::int FROM source_object_change c
             WHERE c.source_id = s.id AND c.was_whole) AS overwritten_objects
      FROM source s
      LEFT JOIN (
        SELECT source_id, sum(events) AS events, sum(zero_fee_events) AS zero_fee_events
          FROM event_total GROUP BY source_id) counted ON counted.source_id = s.id
     ORDER BY s.removed_at IS NOT NULL, s.id`);
  return rows.map((row) => ({ ...toSource(row), connectedWorkers: connected.get(row.id) ?? 0 }));
}

/** How many events of which type and version came from each source, the most frequent first. */
export async function countEventTypes(
  db: Reader,
): Promise<ReadonlyMap<string, readonly EventTypeCount[]>> {
  const { rows } = await db.execute<EventTypeRow>(sql`
    SELECT source_id, event_type, version, events FROM event_total
     ORDER BY events DESC, event_type, version`);
  const counts = new Map<string, EventTypeCount[]>();
  for (const { source_id, event_type, version, events } of rows) {
    const count = { eventType: event_type, version, events: BigInt(events) };
    const ofSource = counts.get(source_id);
    if (ofSource === undefined) counts.set(source_id, [count]);
    else ofSource.push(count);
  }
  return counts;
}

/** Events by type and hour of their own time, in the order of time; of one source or of all. */
export async function countHours(
  db: Reader,
  span: { readonly from: Date; readonly to: Date; readonly sourceId?: string },
): Promise<readonly HourOfSource[]> {
  const { from, to, sourceId } = span;
  const { rows } = await db.execute<EventTypeRow & { hour: string; zero_fee_events: string }>(sql`
    SELECT e.* FROM source s CROSS JOIN LATERAL (
             SELECT * FROM event_count c WHERE c.source_id = s.id
                AND c.hour BETWEEN ${from.toISOString()} AND ${to.toISOString()} OFFSET 0) e
     WHERE ${sourceId === undefined ? sql`true` : sql`s.id = ${sourceId}`}
     ORDER BY s.id, e.hour, e.event_type, e.version`);
  return rows.map((row) => ({
    sourceId: row.source_id,
    hour: toDate(row.hour),
    eventType: row.event_type,
    version: row.version,
    events: BigInt(row.events),
    zeroFeeEvents: BigInt(row.zero_fee_events),
  }));
}

/**
 * Throws SOURCE_UNKNOWN unless there is, or was, a source of this name: to a name with a slip in it every
 * question has the answer "none". Without a name nothing is asked.
 */
export async function requireKnownSource(
  db: Reader,
  sourceId: string | null | undefined,
): Promise<void> {
  if (sourceId === null || sourceId === undefined) return;
  const { rows } = await db.execute<{ id: string }>(sql`SELECT id FROM source ORDER BY id`);
  const known = rows.map(({ id }) => id);
  if (known.includes(sourceId)) return;
  const names = known.length === 0 ? 'none is known yet' : `known are ${known.join(', ')}`;
  throw new PoolError('SOURCE_UNKNOWN', `there is no source "${sourceId}": ${names}`);
}

/**
 * Remote workers with a live connection, by source: see liveConnections. From one worker's newest connection to
 * the next worker's along the index, however many connections each has.
 */
export async function connectedWorkers(db: Reader): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.execute<{ source_id: string; workers: number }>(sql`
    WITH RECURSIVE newest AS (
      (SELECT source_id, remote_worker_id, changed_dt, changed_seq FROM connection WHERE up
        ORDER BY source_id, remote_worker_id, changed_dt DESC, changed_seq DESC LIMIT 1)
      UNION ALL
      SELECT next_one.* FROM newest CROSS JOIN LATERAL (
        SELECT c.source_id, c.remote_worker_id, c.changed_dt, c.changed_seq FROM connection c
         WHERE c.up AND (c.source_id, c.remote_worker_id) > (newest.source_id, newest.remote_worker_id)
         ORDER BY c.source_id, c.remote_worker_id, c.changed_dt DESC, c.changed_seq DESC
         LIMIT 1) next_one)
    SELECT c.source_id, count(*)::int AS workers
      FROM newest c
      JOIN remote_worker w ON w.id = c.remote_worker_id
      JOIN source s ON s.id = c.source_id
      LEFT JOIN source_reset r
        ON r.source_id = c.source_id AND r.region = w.region AND r.node_type = w.node_type
     WHERE s.removed_at IS NULL
       AND (s.region IS NULL OR s.region = w.region)
       AND (s.node_type IS NULL OR s.node_type = w.node_type)
       AND (r.reset_dt IS NULL OR (c.changed_dt, c.changed_seq) > (r.reset_dt, r.reset_seq))
     GROUP BY c.source_id`);
  return new Map(rows.map(({ source_id, workers }) => [source_id, workers]));
}

/** More of one kind are not counted: that there are many is all that anybody needs to know. */
const MOST_SET_ASIDE = 10_000;

export interface SetAsideCount {
  readonly code: string;
  readonly events: number;
}

/** Events that are still set aside, by source and code; of each at most 10 000 are counted. */
export async function countSetAside(
  db: Reader,
): Promise<ReadonlyMap<string, readonly SetAsideCount[]>> {
  // From one code to the next along the index, whichever version of the program gave them.
  const { rows } = await db.execute<{ source_id: string; code: string; events: number }>(sql`
    WITH RECURSIVE codes AS (
      (SELECT source_id, code FROM set_aside WHERE resolved_at IS NULL
        ORDER BY source_id, code LIMIT 1)
      UNION ALL
      SELECT next_one.* FROM codes CROSS JOIN LATERAL (
        SELECT a.source_id, a.code FROM set_aside a
         WHERE a.resolved_at IS NULL AND (a.source_id, a.code) > (codes.source_id, codes.code)
         ORDER BY a.source_id, a.code LIMIT 1) next_one)
    SELECT codes.*, counted.events FROM codes
      CROSS JOIN LATERAL (SELECT count(*)::int AS events FROM (
        SELECT FROM set_aside a WHERE a.source_id = codes.source_id AND a.code = codes.code
           AND a.resolved_at IS NULL LIMIT ${MOST_SET_ASIDE}) of_code) counted`);
  const counts = new Map<string, SetAsideCount[]>();
  for (const { source_id, code, events } of rows) {
    counts.set(source_id, [...(counts.get(source_id) ?? []), { code, events }]);
  }
  return counts;
}

function toSource(row: SourceRow): Omit<SourceSummary, 'connectedWorkers'> {
  return {
    id: row.id,
    kind: row.kind,
    readsFrom: row.reads_from,
    region: row.region,
    nodeType: row.node_type,
    fromDt: toDateOrNull(row.from_dt),
    cursorDt: toDateOrNull(row.cursor_dt),
    newestDt: toDateOrNull(row.newest_dt),
    lastPassAt: toDateOrNull(row.last_pass_at),
    lastSuccessAt: toDateOrNull(row.last_success_at),
    lastFreshAt: toDateOrNull(row.last_fresh_at),
    lastErrorCode: row.last_error_code,
    lastError: row.last_error,
    removedAt: toDateOrNull(row.removed_at),
    of: row.of_source,
    stopped:
      row.stopped_at === null || row.stopped_why === null
        ? null
        : { at: toDate(row.stopped_at), why: row.stopped_why },
    moveUnproven: row.move_unproven,
    createdAt: toDate(row.created_at),
    events: BigInt(row.events),
    eventsLastDay: BigInt(row.events_last_day),
    zeroFeeEvents: BigInt(row.zero_fee_events),
    setAside: row.set_aside,
    unattributedJobs: row.unattributed_jobs,
    incompleteObjects: row.incomplete_objects,
    overwrittenObjects: row.overwritten_objects,
    objectsListedAt: toDateOrNull(row.objects_listed_at),
  };
}
