/** The rules that the sums of what was earned by day, and of how jobs went by hour, must keep. The ledger's own rules compare these sums with the ledger. */
import { type SQL, sql } from 'drizzle-orm';
import { HOURS_FROM } from '../../events/store/ingest/hour-writes.js';
import type { Invariants } from './invariants-ledger.js';

/** Each audit compares the days of this many workers with their sums, in turn. */
export const WORKERS_EACH = 100;

const REBUILD = '`openpool rebuild --apply`';

const IN_TURN: SQL = sql`
  SELECT id FROM remote_worker WHERE id > (SELECT day_worker_id FROM ledger_audit) ORDER BY id LIMIT ${WORKERS_EACH}`;
const ALL: SQL = sql`SELECT id FROM remote_worker`;

const SUMS: SQL = sql`coalesce(sum(jobs), 0), coalesce(sum(compute_units), 0), coalesce(sum(gross_wei), 0),
  coalesce(sum(commission_wei), 0), coalesce(sum(adjusted_wei), 0)`;

/** Returns the rules for the days of the workers in turn, or for all days. */
export function dayInvariants(which: 'in turn' | 'all'): Invariants {
  const those = which === 'all' ? ALL : IN_TURN;
  return {
    DAYS_CHANGED: sql`
      SELECT 'the days of remote worker ' || those.id || ' are not what they add up to in worker_earned' AS message
        FROM (${those}) those
       WHERE (SELECT row(${SUMS}) FROM earning_day d WHERE d.remote_worker_id = those.id)
             IS DISTINCT FROM (SELECT row(${SUMS}) FROM worker_earned w WHERE w.remote_worker_id = those.id)`,
    HOURS_DRIFT: sql`
      WITH kept AS (
        SELECT (value::timestamptz AT TIME ZONE 'UTC')::date AS day FROM setting WHERE key = ${HOURS_FROM}),
      assigned AS MATERIALIZED (
        SELECT remote_worker_id AS id, (dt AT TIME ZONE 'UTC')::date AS day, count(*) AS jobs FROM decided_job
         WHERE decision = 'assign' AND dt > (SELECT day FROM kept) GROUP BY 1, 2)
      SELECT 'remote worker ' || those.id || ' has ' || in_days || ' jobs from events on ' || sums.day || ', and ' || in_hours
             || ' in the hours of that day; ${sql.raw(REBUILD)} works them out again' AS message
        FROM (${those}) those, kept, LATERAL (
             SELECT day, sum(days) AS in_days, sum(hours) AS in_hours
               FROM (SELECT d.day, d.jobs AS days, 0 AS hours FROM earning_day d
                      WHERE d.remote_worker_id = those.id AND d.day > kept.day
                      UNION ALL
                     SELECT a.day, -a.jobs, 0 FROM assigned a WHERE a.id = those.id AND a.day > kept.day
                      UNION ALL
                     SELECT (h.hour AT TIME ZONE 'UTC')::date, 0, h.jobs FROM worker_hour h
                      WHERE h.remote_worker_id = those.id AND (h.hour AT TIME ZONE 'UTC')::date > kept.day) parts
              GROUP BY day) sums
       WHERE in_days <> in_hours`,
    ...(which === 'all' ? POOL_DAYS : {}),
  };
}

const POOL_DAYS: Invariants = {
  POOL_DAYS_CHANGED: sql`
    SELECT 'what the pool shows of ' || day || ' is not the sum of its workers' AS message
      FROM (SELECT day, ${SUMS} FROM earning_day GROUP BY day) d (day, j, u, g, c, a)
      FULL JOIN (SELECT day, ${SUMS} FROM pool_day GROUP BY day) p (day, j, u, g, c, a) USING (day)
     WHERE (d.j, d.u, d.g, d.c, d.a) IS DISTINCT FROM (p.j, p.u, p.g, p.c, p.a)`,
  PAID_DAYS_CHANGED: sql`
    SELECT 'payments of ' || day || ' come to ' || coalesce(ledger.paid, 0) || ' wei in the ledger, its day has ' ||
           coalesce(paid_wei, 0) AS message
      FROM (SELECT (p.created_at AT TIME ZONE 'UTC')::date AS day, sum(e.amount_wei) AS paid
              FROM ledger_entry e JOIN posting p ON p.id = e.posting_id
             WHERE e.account = 'paid' GROUP BY 1) ledger
      FULL JOIN paid_day USING (day)
     WHERE coalesce(ledger.paid, 0) <> coalesce(paid_wei, 0)`,
};

/** SQL that moves the position on to the next workers, or back to the first ones after the last. */
export const TURN_DAYS: SQL = sql`
  UPDATE ledger_audit SET day_worker_id = coalesce((
    SELECT id FROM remote_worker WHERE id > day_worker_id ORDER BY id OFFSET ${WORKERS_EACH - 1} LIMIT 1), 0)`;
