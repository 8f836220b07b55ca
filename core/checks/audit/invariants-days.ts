/** The rules that the sums of what was earned by day must keep. The ledger's own rules compare these sums with the ledger. */
import { type SQL, sql } from 'drizzle-orm';
import type { Invariants } from './invariants-ledger.js';

/** Each audit compares the days of this many workers with their sums, in turn. */
export const WORKERS_EACH = 100;

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
    ...(which === 'all' ? POOL_DAYS : {}),
  };
}

const POOL_DAYS: Invariants = {
  POOL_DAYS_CHANGED: sql`
    SELECT 'what the pool shows of ' || day || ' is not the sum of its workers' AS message
      FROM (SELECT day, ${SUMS} FROM earning_day GROUP BY day) d (day, j, u, g, c, a)
      FULL JOIN (SELECT day, ${SUMS} FROM pool_day GROUP BY day) p (day, j, u, g, c, a) USING (day)
     WHERE (d.j, d.u, d.g, d.c, d.a) IS DISTINCT FROM (p.j, p.u, p.g, p.c, p.a)`,
};

/** SQL that moves the position on to the next workers, or back to the first ones after the last. */
export const TURN_DAYS: SQL = sql`
  UPDATE ledger_audit SET day_worker_id = coalesce((
    SELECT id FROM remote_worker WHERE id > day_worker_id ORDER BY id OFFSET ${WORKERS_EACH - 1} LIMIT 1), 0)`;
