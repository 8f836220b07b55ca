/** Syncs an answer that is never held as a whole, in a process of its own. */
import { sql } from 'drizzle-orm';
import type { Database } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import type { SyncReport } from '../../core/events/rules/sync-reports.js';
import { runForJson } from '../children.js';
import { benchSource, openBenchSource } from './bench-source.js';
import { compileIngestSync } from './compiled.js';
import type { SyncRequest, SyncResult } from './ingest-sync.js';
import { type StreamPlan, startStreamServer } from './stream-answer.js';

export interface SyncedStream {
  readonly report: SyncReport;
  readonly sentBytes: number;
  readonly seconds: number;
  readonly peakRssMb: number;
  /** The fees in the ledger, and what they must be by the distinct small events. */
  readonly feesWei: string;
  readonly expectedFeesWei: string;
}

export async function syncStream(
  { db, url }: { readonly db: Database; readonly url: string },
  plan: StreamPlan,
): Promise<SyncedStream> {
  const server = await startStreamServer(plan);
  try {
    const source = benchSource(server.url);
    await openBenchSource(db, source);
    const request: SyncRequest = { databaseUrl: url, source, passes: 1 };
    const args = [JSON.stringify(request)];
    const result = await runForJson<SyncResult>({ script: compileIngestSync(), args });
    const [report] = result.reports;
    if (report === undefined) throw new Error('the process that syncs reported nothing');
    const [row] = await query<{ wei: string }>(
      db,
      sql`SELECT sum(amount_wei) AS wei FROM balance WHERE account IN ('pending', 'commission')`,
    );
    const n = BigInt(plan.small.distinct);
    return {
      report,
      sentBytes: server.sentBytes(),
      peakRssMb: result.peakRssMb,
      seconds: (result.passesMs[0] ?? 0) / 1_000,
      feesWei: row?.wei ?? '0',
      expectedFeesWei: (n * 1_000n + (n * (n + 1n)) / 2n).toString(),
    };
  } finally {
    await server.stop();
  }
}
