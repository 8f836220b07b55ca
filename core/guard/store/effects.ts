/** Works out from the raw events who got the jobs while somebody who was connected was excluded. */
import { gt, sql } from 'drizzle-orm';
import type { Reader } from '../../db/database.js';
import type { HourEffect } from '../rules/effect.js';
import { guardEffect } from './tables.js';

const HOUR_MS = 3_600_000;
/** The hours that are worked out anew each time, because events come late. */
const HOURS_ANEW = 3;
/** A list reaches the orchestrator a moment after a state changed. */
const LIST_DELAY = '15 seconds';

/**
 * Works the last hours out anew. Counted is each `job-received` of a pipeline and model at whose time some worker was both excluded from
 * it and connected; what an excluded one would have got is its share of the jobs of the day before it was excluded.
 */
export async function keepEffects(tx: Reader, atMs: number): Promise<void> {
  const from = new Date(Math.floor(atMs / HOUR_MS - HOURS_ANEW + 1) * HOUR_MS).toISOString();
  await tx.execute(sql`
    WITH turn AS (
      SELECT remote_worker_id, pipeline, model_id, state, changed_at,
             lead(changed_at) OVER (PARTITION BY remote_worker_id, pipeline, model_id ORDER BY id) AS until
        FROM worker_state_change),
    excluded AS (
      SELECT t.remote_worker_id AS id, t.pipeline, t.model_id, t.changed_at, w.region, w.node_type,
             tstzrange(greatest(t.changed_at + ${LIST_DELAY}::interval, ${from}::timestamptz), t.until) AS span
        FROM turn t JOIN remote_worker w ON w.id = t.remote_worker_id
       WHERE t.state = 'excluded' AND w.node_type = 'ai'
         AND coalesce(t.until, 'infinity') > greatest(t.changed_at + ${LIST_DELAY}::interval, ${from}::timestamptz)
         AND NOT EXISTS (SELECT FROM guard_override o WHERE o.payee = w.payee AND o.state <> 'excluded'
                            AND coalesce(o.withdrawn_at, o.until_dt) > ${from}::timestamptz)),
    online AS (
      SELECT x.id, range_agg(tstzrange(c.changed_dt, greatest(c.changed_dt, least(c.next_dt, reset.dt, 'infinity')))) AS spans
        FROM (SELECT DISTINCT id, region, node_type FROM excluded) x CROSS JOIN LATERAL (
             SELECT *, lead(changed_dt) OVER (PARTITION BY source_id, connection ORDER BY changed_dt, changed_seq) AS next_dt
               FROM (SELECT * FROM connection_change WHERE remote_worker_id = x.id
                      ORDER BY changed_dt DESC, changed_seq DESC LIMIT 1000) newest) c
        LEFT JOIN LATERAL (
             SELECT min(r.reset_dt) AS dt FROM reset_change r
              WHERE r.source_id = c.source_id AND r.region = x.region AND r.node_type = x.node_type
                AND (r.reset_dt, r.reset_seq) > (c.changed_dt, c.changed_seq)) reset ON true
       WHERE c.up GROUP BY x.id),
    gone AS (
      SELECT x.id, x.pipeline, x.model_id, part AS span, coalesce((
               SELECT sum(h.received) FILTER (WHERE h.remote_worker_id = x.id)::float8 / nullif(sum(h.received), 0)
                 FROM worker_hour h
                WHERE h.hour >= x.changed_at - interval '24 hours' AND h.hour <= x.changed_at
                  AND h.pipeline = x.pipeline AND h.model_id = x.model_id), 0) AS share
        FROM excluded x JOIN online o ON o.id = x.id
       CROSS JOIN LATERAL unnest(o.spans * tstzmultirange(x.span)) part),
    received AS (
      SELECT e.dt, e.source_id, e.event_id, e.remote_worker_id AS id,
             coalesce(said ->> 'pipeline', '') AS pipeline, coalesce(said ->> 'modelID', '') AS model_id
        FROM source s CROSS JOIN LATERAL (
             SELECT * FROM pool_event e WHERE e.source_id = s.id AND e.dt >= ${from}::timestamptz
                AND e.event_type = 'job-received' AND e.remote_worker_id IS NOT NULL) e
       CROSS JOIN LATERAL (
             SELECT CASE WHEN body ->> 'event_type' = e.event_type THEN body -> 'payload' ELSE body END AS said
               FROM (SELECT CASE WHEN pg_input_is_valid(e.payload, 'jsonb') THEN e.payload::jsonb END AS body) parsed) told
       WHERE EXISTS (SELECT FROM gone)),
    seen AS (
      SELECT date_trunc('hour', r.dt) AS hour, r.pipeline, r.model_id, bool_or(g.id = r.id) AS is_to_excluded, sum(g.share) AS share
        FROM received r JOIN gone g ON g.pipeline = r.pipeline AND g.model_id = r.model_id AND r.dt <@ g.span
       GROUP BY r.source_id, r.dt, r.event_id, r.pipeline, r.model_id)
    INSERT INTO guard_effect AS k (hour, pipeline, model_id, jobs, to_excluded, expected_micro)
    SELECT hour, pipeline, model_id, count(*), count(*) FILTER (WHERE is_to_excluded), round(sum(share) * 1000000)
      FROM seen GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (hour, pipeline, model_id) DO UPDATE
      SET jobs = excluded.jobs, to_excluded = excluded.to_excluded, expected_micro = excluded.expected_micro`);
}

/** Reads what was seen since a time, by hour, all pipelines together. */
export async function readEffects(reader: Reader, since: Date): Promise<readonly HourEffect[]> {
  const { hour, jobs, toExcluded, expectedMicro } = guardEffect;
  const sum = (column: typeof jobs) => sql<number>`sum(${column})`.mapWith(Number);
  const found = await reader
    .select({
      hour,
      jobs: sum(jobs),
      toExcluded: sum(toExcluded),
      expectedMicro: sum(expectedMicro),
    })
    .from(guardEffect)
    .where(gt(hour, since))
    .groupBy(hour);
  return found.map((one) => ({
    hourMs: one.hour.getTime(),
    jobs: one.jobs,
    toExcluded: one.toExcluded,
    expected: one.expectedMicro / 1_000_000,
  }));
}
