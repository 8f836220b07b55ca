/**
 * Measures how long an orchestrator waits for its preferred workers, beside a bare route with the same bytes, while an ingest and
 * payout rounds go on. Requests come at even times, whether those before were answered or not.
 */
import { sql } from 'drizzle-orm';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import { startUntil } from '../children.js';
import { rounded } from '../figures.js';
import { startPoolServers, startWorker, writeBenchConfig } from '../pool-servers.js';
import { countEvents, countWorkers, startAnswering, untilAtLeast } from '../reads/read-pool.js';
import { inScratch, type Say, type Scratch } from '../scratch.js';
import { PacedReaders } from './paced-readers.js';

export interface PreferredBenchOptions {
  readonly events: number;
  readonly payees: number;
  readonly seconds: number;
  readonly requests: number;
  readonly say: Say;
}

const WARM_MS = 2_000;
const DAY_MS = 86_400_000;
const ROUTE = '/preferred-workers';
const ASKED = `${ROUTE}?pipeline=text-to-image&modelID=SG161222/RealVisXL_V4.0_Lightning`;

export function benchPreferred(options: PreferredBenchOptions) {
  return inScratch('preferred', (scratch) => measure(options, scratch));
}

async function measure(options: PreferredBenchOptions, scratch: Scratch) {
  const { events, payees, seconds, requests, say } = options;
  const { stops } = scratch;
  const pool = await startPool(options, scratch);
  await untilAtLeast(() => countWorkers(pool.db), payees);
  const script = 'api/preferred/main.ts';
  const asked = await startUntil({
    script,
    args: ['--config', pool.configPath],
    mark: 'listening on ',
  });
  stops.push(() => asked.process.stop());
  const bare = await startUntil({
    script: 'bench/api/bare-server.ts',
    args: [asked.said, ROUTE],
    mark: 'listening on ',
  });
  stops.push(() => bare.process.stop());
  const [ours, theirs] = await Promise.all(
    [asked.said, bare.said].map(async (url) => {
      const readers = new PacedReaders(new URL(url));
      stops.push(async () => readers.close());
      await readers.open;
      return readers;
    }),
  );
  if (ours === undefined || theirs === undefined) throw new RangeError('there are two servers');
  const ask = (forMs: number) =>
    Promise.all([ours.ask(ASKED, requests, forMs), theirs.ask(ROUTE, requests, forMs)]);
  await ask(WARM_MS);
  const known = await countEvents(pool.db);
  const paidBefore = await countPayouts(pool.db);
  await fetch(`${pool.orchestratorUrl}/open`, { method: 'POST' });
  await untilAtLeast(() => countEvents(pool.db), known + 1);
  say(`${requests} requests a second to each, while ${events} events come in and rounds pay`);
  const [own, route] = await ask(seconds * 1_000);
  const after = await countEvents(pool.db);
  return {
    ratioP99ToBare: rounded(own.p99Ms / route.p99Ms),
    p99Ms: rounded(own.p99Ms),
    p50Ms: rounded(own.p50Ms),
    bareP99Ms: rounded(route.p99Ms),
    bareP50Ms: rounded(route.p50Ms),
    requestsPerSecond: rounded(own.answers / seconds),
    errors: own.errors,
    bytes: own.bytes,
    payees,
    eventsMeanwhile: after - known,
    payoutsMeanwhile: (await countPayouts(pool.db)) - paidBefore,
  };
}

/** Starts a pool that syncs and pays in short turns, and has its long answer once somebody has posted to `/open`. */
async function startPool({ events, payees, say }: PreferredBenchOptions, scratch: Scratch) {
  const { dir, stops } = scratch;
  const fromMs = Date.now() - 20 * DAY_MS;
  const plan = { events, payees, fromMs, earlierFromMs: fromMs - 5 * DAY_MS };
  const { orchestrator } = await startAnswering(plan, scratch, say);
  say('starting Postgres, Temporal, the chain and a worker');
  const servers = await startPoolServers(scratch);
  const configPath = writeBenchConfig(dir, {
    servers,
    endpoint: `${orchestrator.said}/live`,
    pace: {
      syncInterval: '2s',
      payoutInterval: '10s',
      minPayoutInterval: '1s',
      payoutThreshold: '0.01 ETH',
    },
    guard: { mode: 'exclude', preferredWorkers: { port: 0 } },
  });
  await startWorker(scratch, { configPath });
  const db = openDatabase({ url: servers.databaseUrl, maxConnections: 2 });
  stops.push(() => closeDatabase(db));
  return { db, configPath, orchestratorUrl: orchestrator.said };
}

async function countPayouts(db: Database): Promise<number> {
  const [row] = await query<{ n: string }>(db, sql`SELECT count(*) AS n FROM payout`);
  return Number(row?.n);
}
