/** What two sources credited for the same events, before it was noticed that they are one. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { NodeType } from '../../../base/remote-worker.js';
import type { Reader } from '../../../db/database.js';
import { query } from '../../../db/query.js';
import { requireKnownSource } from './source-reads.js';

/** What one remote worker got for jobs that stand under both. Null: nobody did, they are unattributed. */
export interface CreditedTwice {
  readonly payee: Address | null;
  readonly nodeType: NodeType | null;
  readonly region: string | null;
  readonly jobs: number;
  readonly grossWei: bigint;
  /** To take back: what the source credited for them. */
  readonly netWei: bigint;
}

/**
 * Of the first source, by remote worker, what it credited for jobs that the other one has as well: the same
 * time, id and text. Reads all of the source's raw events that are in the table; archived months are not.
 */
export async function readCreditedTwice(
  db: Reader,
  sourceId: string,
  otherId: string,
): Promise<readonly CreditedTwice[]> {
  await requireKnownSource(db, sourceId);
  await requireKnownSource(db, otherId);
  const rows = await query<{
    payee: Address | null;
    node_type: NodeType | null;
    region: string | null;
    jobs: string;
    gross: string;
    net: string;
  }>(
    db,
    sql`WITH twice AS (
        SELECT p.* FROM pool_event p CROSS JOIN LATERAL (
            SELECT FROM pool_event o WHERE o.source_id = ${otherId} AND o.dt = p.dt
               AND o.event_id = p.event_id AND o.event_type = p.event_type
               AND o.payload = p.payload OFFSET 0) o
         WHERE p.source_id = ${sourceId} AND p.gross_wei IS NOT NULL),
      -- A received half that came after its job carries the worker.
      late AS (
        SELECT match_dt, match_event_id, remote_worker_id FROM pool_event
         WHERE source_id = ${sourceId} AND gross_wei IS NULL AND match_event_id IS NOT NULL)
      SELECT w.payee, w.node_type, w.region, count(*) AS jobs, sum(t.gross_wei) AS gross,
             sum(t.gross_wei - coalesce(t.commission_wei,
               CASE terms.rounding
                 WHEN 'net-floor'
                   THEN t.gross_wei - div(t.gross_wei * (10000 - terms.commission_bps), 10000)
                 ELSE div(t.gross_wei * terms.commission_bps, 10000) END)) AS net
        FROM twice t
        LEFT JOIN late ON late.match_dt = t.dt AND late.match_event_id = t.event_id
        LEFT JOIN terms ON terms.id = t.terms_id
        LEFT JOIN remote_worker w ON w.id = coalesce(t.remote_worker_id, late.remote_worker_id)
       GROUP BY 1, 2, 3 ORDER BY sum(t.gross_wei) DESC, 1, 2, 3`,
  );
  return rows.map((row) => ({
    ...{ payee: row.payee, nodeType: row.node_type, region: row.region },
    jobs: Number(row.jobs),
    grossWei: BigInt(row.gross),
    netWei: row.payee === null ? 0n : BigInt(row.net),
  }));
}
