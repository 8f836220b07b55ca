/**
 * The process that syncs: what the activity does, over the real source, so many passes one after the
 * other, without Temporal's worker around it. Prints what they did and what they cost as one line of
 * JSON.
 *
 * `node .openpool/bench/bench/ingest-sync.js <request as JSON>`, compiled by `compiled.ts`
 */
import { readFileSync } from 'node:fs';
import type { SyncReport } from '../core/events/rules/reports.js';
import type { SourceConfig } from '../core/events/sources/source-config.js';
import { keepHeapSmall } from '../start/heap.js';

// As the worker does: before anything else is loaded.
keepHeapSmall();
const { runSyncPass } = await import('../core/events/sync/sync-pass.js');
const { MAX_FEE_WEI } = await import('../core/events/rules/reading/pool-event-content.js');
const { createOrchestratorHttp } = await import('../core/events/sources/orchestrator-http.js');
const { closeDatabase, openDatabase } = await import('../core/db/database.js');

export interface SyncRequest {
  readonly databaseUrl: string;
  readonly source: Omit<SourceConfig, 'from'>;
  readonly passes: number;
}

export interface SyncResult {
  readonly reports: readonly SyncReport[];
  readonly passesMs: readonly number[];
  /** When the first pass began and the last one ended, by this machine's clock. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly cpuMs: number;
  /** What the backends of this process were busy for, as Postgres counts it. */
  readonly postgresMs: number;
  readonly peakRssMb: number;
}

const request = JSON.parse(process.argv[2] ?? '') as SyncRequest;
const db = openDatabase({ url: request.databaseUrl });
const config: SourceConfig = { ...request.source, from: null };
// Not by the registry: what other sources load is no part of this one.
const source = await createOrchestratorHttp(config);
const deps = {
  ...{ db, sources: new Map([[config.id, { config, source }]]), version: 'bench' },
  ...{ jobMatchWindowMs: 3_600_000, maxJobFeeWei: MAX_FEE_WEI },
};
const { signal } = new AbortController();
// A connection that stands already: every pass of a worker but its first one has that.
await db.$client.query('SELECT 1');
const postgresBeforeMs = await postgresMs();
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
  ...{ reports, passesMs, startedAtMs, endedAtMs, peakRssMb: peakRssMb() },
  cpuMs: (user + system) / 1_000,
  postgresMs: (await postgresMs()) - postgresBeforeMs,
};
await closeDatabase(db);
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);

/** Passes go one after the other, so that one connection of the pool did everything. */
async function postgresMs(): Promise<number> {
  await db.$client.query('SELECT pg_stat_force_next_flush()');
  const { rows } = await db.$client.query<{ active_time: number }>(
    'SELECT active_time FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0]?.active_time ?? Number.NaN;
}

/** `maxRSS` counts what the parent had when it forked; Linux's own high-water mark does not. */
function peakRssMb(): number {
  let kilobytes = process.resourceUsage().maxRSS;
  try {
    const mark = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (mark !== null) kilobytes = Number(mark[1]);
  } catch {
    // No /proc: not Linux.
  }
  return kilobytes / 1_024;
}
