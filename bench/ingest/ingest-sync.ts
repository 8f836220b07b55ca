/**
 * The process that syncs: what the activity does, over the real source, so many passes one after the
 * other, without Temporal's worker around it. Prints what they did and what they cost as one line of
 * JSON.
 *
 * `node .openpool/bench/bench/ingest/ingest-sync.js <request as JSON>`, compiled by `compiled.ts`
 */

import type { SyncReport } from '../../core/events/rules/sync-reports.js';
import type { SourceConfig } from '../../core/events/sources/source-config.js';
import { keepHeapSmall } from '../../start/heap.js';
import { peakRssMbOf, postgresMs } from '../figures.js';

// The worker does this, too, before anything else is loaded.
keepHeapSmall();
const { runSyncPass } = await import('../../core/events/sync/sync-pass.js');
const { MAX_FEE_WEI } = await import('../../core/events/rules/reading/event-content.js');
const { createOrchestratorHttp } = await import('../../core/events/sources/orchestrator-http.js');
const { closeDatabase, openDatabase } = await import('../../core/db/database.js');

export interface SyncRequest {
  readonly databaseUrl: string;
  readonly source: SourceConfig;
  readonly passes: number;
}

export interface SyncResult {
  readonly reports: readonly SyncReport[];
  readonly passesMs: readonly number[];
  /** When the first pass began and the last one ended, by this machine's clock. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly cpuMs: number;
  /** How long this process kept its Postgres backends busy, as Postgres counts it. */
  readonly postgresMs: number;
  readonly peakRssMb: number;
}

const request = JSON.parse(process.argv[2] ?? '') as SyncRequest;
const db = openDatabase({ url: request.databaseUrl });
const config = request.source;
// Made without the registry, which would load the other kinds of source into memory as well.
const source = await createOrchestratorHttp(config);
const deps = {
  db,
  sources: new Map([[config.id, { config, source }]]),
  version: 'bench',
  jobMatchWindowMs: 3_600_000,
  maxJobFeeWei: MAX_FEE_WEI,
};
const { signal } = new AbortController();
// Connect first: every pass of a worker, except its first one, finds a connection.
await db.$client.query('SELECT 1');
const postgresBeforeMs = await postgresMs(db);
const startedAtMs = Date.now();
const cpu = process.cpuUsage();
const reports: SyncReport[] = [];
const passesMs: number[] = [];
for (let pass = 0; pass < request.passes; pass += 1) {
  const passStartedMs = performance.now();
  reports.push(
    await runSyncPass(deps, { sourceId: config.id, signal, onProgress: () => undefined }),
  );
  passesMs.push(performance.now() - passStartedMs);
}
const endedAtMs = Date.now();
const { user, system } = process.cpuUsage(cpu);
const result: SyncResult = {
  reports,
  passesMs,
  startedAtMs,
  endedAtMs,
  // Linux's own high-water mark first: `maxRSS` counts what the parent had when it forked.
  peakRssMb: peakRssMbOf('self') ?? process.resourceUsage().maxRSS / 1_024,
  cpuMs: (user + system) / 1_000,
  postgresMs: (await postgresMs(db)) - postgresBeforeMs,
};
await closeDatabase(db);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
