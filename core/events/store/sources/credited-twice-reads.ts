/** Adds up what two sources credited for the same events before it was noticed that they read the same orchestrator. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { NodeType } from '../../../base/remote-worker.js';
import type { Reader } from '../../../db/database.js';
import { orNull, rows } from '../../../db/query.js';
import { requireKnownSource } from './source-reads.js';

/**
 * Reads what the first source credited for jobs that the other source has as well (the same time, id and text), by
 * remote worker. `netWei` is what is to be taken back. It reads all raw events of the source that are in the table;
 * archived months are not included.
 */
export async function readCreditedTwice(db: Reader, sourceId: string, otherId: string) {
  await requireKnownSource(db, sourceId);
  await requireKnownSource(db, otherId);
  return rows(
    db,
    {
      payee: orNull((text: Address) => text),
      nodeType: orNull((text: NodeType) => text),
      region: orNull(String),
      jobs: Number,
      grossWei: BigInt,
      netWei: BigInt,
    },
    sql`WITH twice AS (
        SELECT p.* FROM pool_event p CROSS JOIN LATERAL (
            SELECT FROM pool_event o WHERE o.source_id = ${otherId} AND o.dt = p.dt
               AND o.event_id = p.event_id AND o.event_type = p.event_type
               AND o.payload = p.payload OFFSET 0) o
         WHERE p.source_id = ${sourceId} AND p.gross_wei IS NOT NULL),
      -- If the received half came after its job, the worker is on its row.
      late AS (
        SELECT match_dt, match_event_id, remote_worker_id FROM pool_event
         WHERE source_id = ${sourceId} AND gross_wei IS NULL AND match_event_id IS NOT NULL)
      SELECT w.payee, w.node_type AS "nodeType", w.region, count(*) AS jobs,
             sum(t.gross_wei) AS "grossWei",
             -- Where no worker is known, nobody was credited and there is nothing to take back.
             CASE WHEN w.payee IS NULL THEN 0 ELSE sum(t.gross_wei - coalesce(t.commission_wei,
               CASE terms.rounding
                 WHEN 'net-floor'
                   THEN t.gross_wei - div(t.gross_wei * (10000 - terms.commission_bps), 10000)
                 ELSE div(t.gross_wei * terms.commission_bps, 10000) END)) END AS "netWei"
        FROM twice t
        LEFT JOIN late ON late.match_dt = t.dt AND late.match_event_id = t.event_id
        LEFT JOIN terms ON terms.id = t.terms_id
        LEFT JOIN remote_worker w ON w.id = coalesce(t.remote_worker_id, late.remote_worker_id)
       GROUP BY 1, 2, 3 ORDER BY sum(t.gross_wei) DESC, 1, 2, 3`,
  );
}
