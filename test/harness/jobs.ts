/** Events straight into the store, for tests of what becomes of jobs. */

import { sql } from 'drizzle-orm';
import type { Address } from '../../core/base/address.js';
import type { Database } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import { MAX_FEE_WEI } from '../../core/events/rules/reading/event-content.js';
import type { PoolEvent } from '../../core/events/rules/reading/pool-event.js';
import {
  type IngestOutcome,
  ingestBatch,
  openIngestSession,
} from '../../core/events/store/ingest/ingest.js';
import { prepareSlice } from '../../core/events/store/ingest/prepared-events.js';

const AI = { pipeline: 'llm', modelID: 'm' };
const base = (eventType: string, eventId: string, dtMs: number) => ({
  eventType,
  eventId,
  dtMs,
  version: 1,
  payload: JSON.stringify({ eventId, dtMs, ...AI }),
  region: 'eu',
  nodeType: 'ai' as const,
});

/** A processed AI job, or with a payee one that names its worker. */
export function processedJob(
  eventId: string,
  dtMs: number,
  job: {
    readonly requestId: string | null;
    readonly grossWei: bigint;
    readonly payee?: Address | null;
  },
): PoolEvent {
  const { requestId, grossWei, payee = null } = job;
  const content = { requestId, payee, grossWei, computeUnits: 7n, pipeline: null, modelId: null };
  return { ...base('job-processed', eventId, dtMs), content: { kind: 'job', ...content } };
}

export function receivedJob(
  eventId: string,
  dtMs: number,
  job: { readonly requestId: string; readonly payee: Address | null },
): PoolEvent {
  const content = { ...job, pipeline: null, modelId: null };
  return { ...base('job-received', eventId, dtMs), content: { kind: 'received', ...content } };
}

/** One batch, as a sync pass stores it. */
export function ingest(
  db: Database,
  sourceId: string,
  events: readonly PoolEvent[],
): Promise<IngestOutcome> {
  const session = openIngestSession({
    db,
    sourceId,
    jobMatchWindowMs: 3_600_000,
    maxJobFeeWei: MAX_FEE_WEI,
    version: '1',
    from: null,
    now: () => new Date(),
  });
  const elements = events.map((event) => ({ event, place: event.eventId, raw: event.payload }));
  return ingestBatch(session, {
    events: prepareSlice(sourceId, elements),
    refused: [],
    cursorHint: null,
  });
}

/** What the ledger owes, per payee and to the pool's accounts, zeros left out. */
export async function owed(db: Database): Promise<Record<string, bigint>> {
  const rows = await query<{ who: string; wei: string }>(
    db,
    sql`SELECT coalesce(w.payee, b.account) AS who, sum(b.amount_wei) AS wei
          FROM balance b LEFT JOIN remote_worker w ON w.id = b.remote_worker_id
         WHERE b.account <> 'revenue' GROUP BY 1 HAVING sum(b.amount_wei) <> 0`,
  );
  return Object.fromEntries(rows.map(({ who, wei }) => [who, BigInt(wei)]));
}
