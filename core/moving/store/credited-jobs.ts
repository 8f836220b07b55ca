/** Reads the jobs that the ledger has credited, each with the payee who did it. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { poolEvent } from '../../events/store/tables.js';
import { ledgerEntry, remoteWorker } from '../../ledger/store/tables.js';

export interface CreditedJob {
  readonly sourceId: string;
  readonly eventId: string;
  readonly dt: Date;
  readonly payload: string;
  readonly grossWei: bigint;
  /** Null: nobody is known to have done it. */
  readonly payee: Address | null;
}

const PAGE = 5_000;

/** A job's payee stands on its own row, or on its other half when that came later; a person may have decided since. */
const PAYEE = sql.raw(`
  LEFT JOIN decided_job d ON d.source_id = e.source_id AND d.dt = e.dt AND d.event_id = e.event_id
  LEFT JOIN LATERAL (
    SELECT remote_worker_id AS id FROM pool_event half
     WHERE e.remote_worker_id IS NULL AND half.source_id = e.source_id AND half.match_dt = e.dt
       AND half.match_event_id = e.event_id AND half.gross_wei IS NULL
       AND half.dt BETWEEN e.dt - interval '2 hours' AND e.dt + interval '2 hours' LIMIT 1) late ON true
  LEFT JOIN remote_worker w ON w.id = coalesce(e.remote_worker_id, late.id, d.remote_worker_id)`);

/** Yields every job with a fee that is still in the table, source by source, in pages. */
export async function* creditedJobs(reader: Reader): AsyncGenerator<readonly CreditedJob[]> {
  let after = { sourceId: '', dt: new Date(0), eventId: '' };
  for (;;) {
    const page = await rows(
      reader,
      {
        sourceId: poolEvent.sourceId,
        eventId: poolEvent.eventId,
        dt: poolEvent.dt,
        payload: poolEvent.payload,
        grossWei: ledgerEntry.amountWei,
        payee: { orNull: remoteWorker.payee },
      },
      sql`SELECT e.source_id AS "sourceId", e.event_id AS "eventId", e.dt, e.payload, e.gross_wei AS "grossWei", w.payee
            FROM (SELECT * FROM pool_event WHERE gross_wei IS NOT NULL
                     AND (source_id, dt, event_id) > (${after.sourceId}, ${after.dt.toISOString()}::timestamptz, ${after.eventId})
                   ORDER BY source_id, dt, event_id LIMIT ${PAGE}) e ${PAYEE}
           ORDER BY e.source_id, e.dt, e.event_id`,
    );
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = { sourceId: last.sourceId, dt: last.dt, eventId: last.eventId };
  }
}

/** What the ledger has credited each payee for jobs, in wei: fees less commission, over all of its workers. */
export async function creditedByPayee(reader: Reader): Promise<ReadonlyMap<Address, bigint>> {
  const found = await rows(
    reader,
    { payee: remoteWorker.payee, netWei: ledgerEntry.amountWei },
    sql`SELECT w.payee, sum(e.gross_wei - e.commission_wei) AS "netWei"
          FROM worker_earned e JOIN remote_worker w ON w.id = e.remote_worker_id GROUP BY w.payee`,
  );
  return new Map(found.map(({ payee, netWei }) => [payee, netWei]));
}
