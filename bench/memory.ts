/** Measures the memory of a whole worker, as the image runs it: at rest, and while a long answer with large events comes in. */
import { execFileSync } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { closeDatabase, type Database, openDatabase } from '../core/db/database.js';
import { query } from '../core/db/query.js';
import { until } from '../dev/kit/until.js';
import { peakRssMbOf, rounded, toMb } from './figures.js';
import { type StreamPlan, startStreamServer } from './ingest/stream-answer.js';
import { startPoolServers, startWorker, writeBenchConfig } from './pool-servers.js';
import { inScratch, type Say, type Scratch } from './scratch.js';

export interface MemoryBenchOptions {
  /** Number of small events in the answer, half of them twice. There is a large one for every two thousand. */
  readonly events: number;
  readonly say: Say;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const EVENTS_PER_LARGE = 2_000;
const HUGE_MB = 50;
const LOOK_MS = 500;
const SYNC_TIMEOUT_MS = 1_800_000;

/** Works on Linux only, because no other system reports the most memory that a process has held. */
export function benchMemory(options: MemoryBenchOptions) {
  return inScratch('memory', (scratch) => measure(options, scratch));
}

async function measure({ events, say }: MemoryBenchOptions, scratch: Scratch) {
  const { dir, stops } = scratch;
  say('building what the image runs, and starting Postgres, Temporal and the chain');
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: ['ignore', 2, 2] });
  const large = Math.ceil(events / EVENTS_PER_LARGE);
  const plan: StreamPlan = {
    small: { events, distinct: Math.ceil(events / 2) },
    large: { events: large, malformed: Math.ceil(large / 10) },
    hugeMb: HUGE_MB,
  };
  const orchestrator = await startStreamServer(plan);
  stops.push(() => orchestrator.stop());
  const servers = await startPoolServers(scratch);
  const worker = await startWorker(scratch, {
    configPath: writeBenchConfig(dir, { servers, endpoint: orchestrator.url }),
    script: 'dist/worker/main.js',
    // The image sets the same.
    env: { MALLOC_ARENA_MAX: '2' },
  });
  const readyRssMb = peakMbOf(worker.pid);
  say(`ready with ${readyRssMb} MB`);
  const db = openDatabase({ url: servers.databaseUrl, maxConnections: 1 });
  stops.push(() => closeDatabase(db));
  await until('the end of the sync', () => isSynced(db), {
    withinMs: SYNC_TIMEOUT_MS,
    everyMs: LOOK_MS,
  });
  const peakRssMb = peakMbOf(worker.pid);
  const answerMb = rounded(toMb(orchestrator.sentBytes()));
  say(`synced ${answerMb} MB with ${peakRssMb} MB at most`);
  return { answerMb, readyRssMb, peakRssMb };
}

async function isSynced(db: Database): Promise<boolean> {
  const [row] = await query<{ is_done: boolean }>(
    db,
    sql`SELECT last_success_at IS NOT NULL AS is_done FROM source`,
  );
  return row?.is_done === true;
}

const peakMbOf = (pid: number): number => Math.round(peakRssMbOf(pid) ?? Number.NaN);
