/** Reads the events that make jobs, each with the payee whom the ledger credited. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { poolEvent } from '../../events/store/tables.js';
import { ledgerEntry, remoteWorker } from '../../ledger/store/tables.js';

export interface JobEvent {
  readonly type: string;
  readonly dt: Date;
  readonly payload: string;
  /** What a processed job earned; null for the other half of an AI job. */
  readonly grossWei: bigint | null;
  /** Null: nobody is known to have done it. */
  readonly payee: Address | null;
}

const PAGE = 5_000;

/** A job's payee stands on its own row, or on its other half when that came later; a person may have decided since. */
const PAYEE = sql.raw(`
  LEFT JOIN decided_job d ON d.source_id = e.source_id AND d.dt = e.dt AND d.event_id = e.event_id
  LEFT JOIN LATERAL (
    SELECT remote_worker_id AS id FROM pool_event half
     WHERE e.remote_worker_id IS NULL AND e.gross_wei IS NOT NULL AND half.source_id = e.source_id
       AND half.match_dt = e.dt AND half.match_event_id = e.event_id AND half.gross_wei IS NULL
       AND half.dt BETWEEN e.dt - interval '2 hours' AND e.dt + interval '2 hours' LIMIT 1) late ON true
  LEFT JOIN remote_worker w ON w.id = coalesce(e.remote_worker_id, late.id, d.remote_worker_id)`);

/** Yields the halves of jobs and the jobs that are still in the table, source by source, in the order of their times. */
export async function* jobEvents(reader: Reader): AsyncGenerator<readonly JobEvent[]> {
  let after = { sourceId: '', dt: new Date(0), seq: 0 };
  for (;;) {
    const page = await rows(
      reader,
      {
        sourceId: poolEvent.sourceId,
        seq: poolEvent.seq,
        type: poolEvent.eventType,
        dt: poolEvent.dt,
        payload: poolEvent.payload,
        grossWei: { orNull: ledgerEntry.amountWei },
        payee: { orNull: remoteWorker.payee },
      },
      sql`SELECT e.source_id AS "sourceId", e.seq, e.event_type AS type, e.dt, e.payload, e.gross_wei AS "grossWei", w.payee
            FROM (SELECT * FROM pool_event WHERE (gross_wei IS NOT NULL OR event_type = 'job-received')
                     AND (source_id, dt, seq) > (${after.sourceId}, ${after.dt.toISOString()}::timestamptz, ${after.seq})
                   ORDER BY source_id, dt, seq LIMIT ${PAGE}) e ${PAYEE}
           ORDER BY e.source_id, e.dt, e.seq`,
    );
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = { sourceId: last.sourceId, dt: last.dt, seq: last.seq };
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
