/** Adds up, from the raw events, what workers got, and what they would have got at other rates. It changes nothing. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { RemoteWorker } from '../../base/remote-worker.js';
import type { Reader } from '../../db/database.js';
import { list, rows } from '../../db/query.js';
import { earningDay, remoteWorker } from '../../ledger/store/tables.js';

/** The share that would have been taken from a remote worker in a span of time; `toMs` is the first moment after it. */
export interface RateSpan extends RemoteWorker {
  readonly fromMs: number;
  readonly toMs: number;
  readonly commissionBps: number;
}

/** What the jobs of a payee came to, and the pool's share of them as it was and as it would have been. */
export interface PayeeNets {
  readonly payee: Address;
  readonly jobs: number;
  readonly grossWei: bigint;
  readonly commissionBeforeWei: bigint;
  readonly commissionAfterWei: bigint;
}

interface AskedNets {
  readonly payees: readonly Address[];
  readonly spans: readonly RateSpan[];
  readonly fromMs: number;
  readonly toMs: number;
}

/** Jobs in no span keep their share. Each job is rounded by the rule of its own terms, as crediting does. */
export async function readNets(
  reader: Reader,
  { payees, spans, fromMs, toMs }: AskedNets,
): Promise<readonly PayeeNets[]> {
  const given = spans.map(({ fromMs: from, toMs: to, ...span }) => ({
    ...span,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
  }));
  const { grossWei, commissionWei, jobs } = earningDay;
  return rows(
    reader,
    {
      payee: remoteWorker.payee,
      jobs,
      grossWei,
      commissionBeforeWei: commissionWei,
      commissionAfterWei: commissionWei,
    },
    sql`WITH span AS MATERIALIZED (
          SELECT w.id, s."from", s."to", s."commissionBps"
            FROM jsonb_to_recordset(${JSON.stringify(given)}::jsonb) AS s (payee text, "nodeType" text, region text,
                   "from" timestamptz, "to" timestamptz, "commissionBps" numeric)
            JOIN remote_worker w ON (w.payee, w.node_type, w.region) = (s.payee, s."nodeType", s.region)),
        job AS (
          SELECT e.remote_worker_id, e.gross_wei, e.commission_wei, t.rounding, span."commissionBps" AS bps
            FROM pool_event e
            JOIN terms t ON t.id = e.terms_id
            LEFT JOIN span ON span.id = e.remote_worker_id AND e.dt >= span."from" AND e.dt < span."to"
           WHERE e.dt >= ${new Date(fromMs).toISOString()}::timestamptz AND e.dt < ${new Date(toMs).toISOString()}::timestamptz
             AND e.commission_wei IS NOT NULL AND e.remote_worker_id IN (
                 SELECT id FROM remote_worker WHERE payee = ANY(${list(payees)}::text[])))
        SELECT w.payee, count(*) AS jobs, sum(gross_wei) AS "grossWei", sum(commission_wei) AS "commissionBeforeWei",
               sum(CASE WHEN bps IS NULL THEN commission_wei
                        WHEN rounding = 'net-floor' THEN gross_wei - div(gross_wei * (10000 - bps), 10000)
                        ELSE div(gross_wei * bps, 10000) END) AS "commissionAfterWei"
          FROM job JOIN remote_worker w ON w.id = job.remote_worker_id
         GROUP BY w.payee ORDER BY w.payee`,
  );
}
