/** Adds up, from the raw events, what workers got, and what they would have got at other rates. It changes nothing. */
import { sql } from 'drizzle-orm';
import type { Share } from '../../base/money.js';
import type { RemoteWorker } from '../../base/remote-worker.js';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { earningDay, remoteWorker } from '../../ledger/store/tables.js';
import type { Rate } from '../../terms/rules/worker-rates.js';
import type { PayeeSplit } from '../rules/what-if.js';

/** The shares that would have held for a remote worker in a span of time; `toMs` is the first moment after it. */
export interface RateSpan extends RemoteWorker, Pick<Rate, 'commissionBps' | 'bonusBps'> {
  readonly fromMs: number;
  readonly toMs: number;
}

interface AskedNets {
  readonly spans: readonly RateSpan[];
  /**
   * The terms that would have held, each in the place of the recorded ones with its id: their rounding, and their commission
   * for jobs in no span. Without any, jobs in no span keep their share.
   */
  readonly terms: readonly (Share & { readonly id: number })[];
  readonly fromMs: number;
  readonly toMs: number;
}

const at = (ms: number) => sql`${new Date(ms).toISOString()}::timestamptz`;

/**
 * SQL for the jobs that were credited to workers, with the rate that each was credited with: whole ones and those whose other
 * half came before, those whose other half came later (then that half has worker and rate), and those that a person assigned.
 */
const CREDITED = (fromMs: number, toMs: number) => {
  const isWithin = sql`dt >= ${at(fromMs)} AND dt < ${at(toMs)}`;
  return sql`
    SELECT remote_worker_id, dt, gross_wei, terms_id, rate_id FROM pool_event
     WHERE ${isWithin} AND commission_wei IS NOT NULL AND remote_worker_id IS NOT NULL
    UNION ALL
    SELECT late.remote_worker_id, p.dt, p.gross_wei, p.terms_id, late.rate_id
      FROM pool_event late
      JOIN pool_event p ON p.source_id = late.source_id AND p.dt = late.match_dt AND p.event_id = late.match_event_id
     WHERE late.match_dt >= ${at(fromMs)} AND late.match_dt < ${at(toMs)} AND late.gross_wei IS NULL
       AND late.remote_worker_id IS NOT NULL AND p.match_dt IS NULL
    UNION ALL
    SELECT remote_worker_id, dt, gross_wei, terms_id, rate_id FROM decided_job
     WHERE ${isWithin} AND decision = 'assign' AND remote_worker_id IS NOT NULL`;
};

/**
 * Postgres goes through the raw jobs, and only the sums come here. Each job is split on its own, as crediting does. Bonuses are rounded down once for each worker and UTC day.
 */
export async function readNets(
  reader: Reader,
  { spans, terms, fromMs, toMs }: AskedNets,
): Promise<readonly PayeeSplit[]> {
  const given = spans.map(({ fromMs: from, toMs: to, ...span }) => ({
    ...span,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
  }));
  const others = terms.map(({ id, commissionBps, rounding }) => ({ id, commissionBps, rounding }));
  const { grossWei, commissionWei, jobs } = earningDay;
  return rows(
    reader,
    {
      payee: remoteWorker.payee,
      jobs,
      grossWei,
      commissionBeforeWei: commissionWei,
      commissionAfterWei: commissionWei,
      bonusBeforeWei: commissionWei,
      bonusAfterWei: commissionWei,
    },
    sql`WITH span AS MATERIALIZED (
          SELECT w.id, s."from", s."to", s."commissionBps" AS commission_bps, s."bonusBps" AS bonus_bps
            FROM jsonb_to_recordset(${JSON.stringify(given)}::jsonb) AS s (payee text, "nodeType" text, region text,
                   "from" timestamptz, "to" timestamptz, "commissionBps" integer, "bonusBps" integer)
            JOIN remote_worker w ON (w.payee, w.node_type, w.region) = (s.payee, s."nodeType", s.region)),
        other AS MATERIALIZED (
          SELECT o.id, o."commissionBps" AS commission_bps, o.rounding
            FROM jsonb_to_recordset(${JSON.stringify(others)}::jsonb) AS o (id integer, "commissionBps" integer, rounding text)),
        worked AS (
          SELECT job.remote_worker_id, (job.dt AT TIME ZONE 'UTC')::date AS day, count(*) AS jobs, sum(job.gross_wei) AS gross,
                 sum(commission_of(job.gross_wei, coalesce(rate.commission_bps, t.commission_bps), t.rounding)) AS before,
                 sum(commission_of(job.gross_wei, coalesce(span.commission_bps, other.commission_bps, rate.commission_bps, t.commission_bps),
                                   coalesce(other.rounding, t.rounding))) AS after,
                 div(sum(job.gross_wei * coalesce(rate.bonus_bps, 0)), 10000) AS bonus_before,
                 div(sum(job.gross_wei * coalesce(span.bonus_bps, CASE WHEN other.id IS NULL THEN rate.bonus_bps END, 0)), 10000) AS bonus_after
            FROM (${CREDITED(fromMs, toMs)}) job
            JOIN terms t ON t.id = job.terms_id
            LEFT JOIN other ON other.id = job.terms_id
            LEFT JOIN worker_rate rate ON rate.id = job.rate_id
            LEFT JOIN span ON span.id = job.remote_worker_id AND job.dt >= span."from" AND job.dt < span."to"
           GROUP BY job.remote_worker_id, 2)
        SELECT w.payee, sum(worked.jobs) AS jobs, sum(gross) AS "grossWei", sum(before) AS "commissionBeforeWei",
               sum(after) AS "commissionAfterWei", sum(bonus_before) AS "bonusBeforeWei", sum(bonus_after) AS "bonusAfterWei"
          FROM worked JOIN remote_worker w ON w.id = worked.remote_worker_id
         GROUP BY w.payee ORDER BY w.payee`,
  );
}

/** Reads what was credited in whole UTC days by the ledger, which has also the jobs whose raw events are archived. */
export async function readCredited(
  reader: Reader,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
) {
  const { grossWei, commissionWei, jobs } = earningDay;
  const [sum] = await rows(
    reader,
    { jobs, grossWei, commissionWei },
    sql`SELECT coalesce(sum(jobs), 0) AS jobs, coalesce(sum(gross_wei), 0) AS "grossWei",
               coalesce(sum(commission_wei), 0) AS "commissionWei"
          FROM earning_day
         WHERE day >= (${at(fromMs)} AT TIME ZONE 'UTC')::date AND day < (${at(toMs)} AT TIME ZONE 'UTC')::date`,
  );
  return sum ?? { jobs: 0, grossWei: 0n, commissionWei: 0n };
}
