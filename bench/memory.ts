/** What a whole worker holds, as the image runs it: at rest, and while a long answer of large events comes in. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { closeDatabase, type Database, openDatabase } from '../core/db/database.js';
import { query } from '../core/db/query.js';
import { writeConfig } from '../dev/stack/stack-config.js';
import { startUntil } from './children.js';
import { rounded } from './figures.js';
import { type Stops, startPoolServers, stopAll } from './pool-servers.js';
import { type StreamPlan, startStreamServer } from './stream-answer.js';

export interface MemoryBenchOptions {
  /** Small events of the answer, half of them twice; a large one beside every two thousand. */
  readonly events: number;
  readonly say: (line: string) => void;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const EVENTS_PER_LARGE = 2_000;
const HUGE_MB = 50;
const LOOK_MS = 500;
const SYNC_TIMEOUT_MS = 1_800_000;

/** Linux alone tells what a process held at most. */
export async function benchMemory(options: MemoryBenchOptions) {
  const dir = mkdtempSync(join(tmpdir(), 'openpool-memory-'));
  const stops: Stops = [async () => rmSync(dir, { recursive: true })];
  try {
    return await measure(options, dir, stops);
  } finally {
    await stopAll(stops);
  }
}

async function measure({ events, say }: MemoryBenchOptions, dir: string, stops: Stops) {
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
  const { databaseUrl, temporalAddress, chain } = await startPoolServers(dir, stops);
  const configPath = writeConfig(dir, {
    pace: {
      ...{ syncInterval: '24h', payoutInterval: '24h' },
      ...{ minPayoutInterval: '1h', payoutThreshold: '1000000 ETH' },
    },
    sources: [{ id: 'bench', region: 'bench', nodeType: 'ai', endpoint: orchestrator.url }],
    ...{ databaseUrl, temporalAddress, temporalUiUrl: undefined },
    ...{ rpcUrl: chain.rpcUrl, chainId: chain.chainId, apiPort: 0 },
  });
  const args = ['--config', configPath];
  const script = 'dist/worker/main.js';
  // As the image sets it.
  const env = { MALLOC_ARENA_MAX: '2' };
  const worker = await startUntil({ script, args, env, mark: 'openpool worker ready' });
  stops.push(() => worker.process.stop());
  const readyRssMb = highWaterMb(worker.process.pid);
  say(`ready with ${readyRssMb} MB`);
  const db = openDatabase({ url: databaseUrl, maxConnections: 1 });
  stops.push(() => closeDatabase(db));
  const giveUpMs = performance.now() + SYNC_TIMEOUT_MS;
  while (!(await isSynced(db))) {
    if (performance.now() > giveUpMs) throw new Error('the sync did not come to its end');
    await sleep(LOOK_MS);
  }
  const peakRssMb = highWaterMb(worker.process.pid);
  const answerMb = rounded(orchestrator.sentBytes() / 1_048_576);
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

function highWaterMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return Math.round(Number(kilobytes) / 1_024);
}
