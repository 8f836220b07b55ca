/** Sources: how far each was read, when it last worked, and how much came from it. */
import { sql } from 'drizzle-orm';
import type { Reader } from './database.js';
import { toDate, toDateOrNull } from './page-cursor.js';
import type { NodeType } from './schema.js';

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
  readonly lastErrorCode: string | null;
  readonly lastError: string | null;
  readonly removedAt: Date | null;
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
}

export interface EventTypeCount {
  readonly eventType: string;
  readonly version: number;
  readonly events: bigint;
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
  last_error_code: string | null;
  last_error: string | null;
  removed_at: string | null;
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
          FROM event_count GROUP BY source_id) counted ON counted.source_id = s.id
     ORDER BY s.removed_at IS NOT NULL, s.id`);
  return rows.map(toSource);
}

/** How many events of which type and version came from each source, the most frequent first. */
export async function countEventTypes(
  db: Reader,
): Promise<ReadonlyMap<string, readonly EventTypeCount[]>> {
  const { rows } = await db.execute<EventTypeRow>(sql`
    SELECT source_id, event_type, version, sum(events) AS events FROM event_count
     GROUP BY source_id, event_type, version ORDER BY sum(events) DESC, event_type, version`);
  const counts = new Map<string, EventTypeCount[]>();
  for (const { source_id, event_type, version, events } of rows) {
    const count = { eventType: event_type, version, events: BigInt(events) };
    counts.set(source_id, [...(counts.get(source_id) ?? []), count]);
  }
  return counts;
}

function toSource(row: SourceRow): SourceSummary {
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
    lastErrorCode: row.last_error_code,
    lastError: row.last_error,
    removedAt: toDateOrNull(row.removed_at),
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
