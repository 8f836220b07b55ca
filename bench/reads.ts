/** What reading costs while a million events come in: worker and API are processes of their own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { COMMISSION_BPS, writeConfig } from '../local/stack-config.js';
import { closeDatabase, type Database, openDatabase } from '../store/database.js';
import { query } from '../store/query.js';
import { startUntil } from './children.js';
import { rounded } from './figures.js';
import { type EventPlan, writeAnswer } from './ingest-events.js';
import { type Stops, startPoolServers, startWorker, stopAll } from './pool-servers.js';

export interface ReadsBenchOptions {
  readonly events: number;
  readonly payees: number;
  /** How long each page is asked for without the ingest. */
  readonly seconds: number;
  readonly say: (line: string) => void;
}

const FROM_MS = Date.UTC(2025, 0, 25);
const A_MONTH_MS = 30 * 86_400_000;
/** Enough for each worker to have been seen. */
const EVENTS_BEFORE_PER_PAYEE = 30;
const READERS = 4;
/** Pages take turns, so that one ingest is enough for all of them. */
const TURN_MS = 500;
const INGEST_TIMEOUT_MS = 1_800_000;

export async function benchReads(options: ReadsBenchOptions) {
  const dir = mkdtempSync(join(tmpdir(), 'openpool-reads-'));
  const stops: Stops = [async () => rmSync(dir, { recursive: true })];
  try {
    return await measure(options, dir, stops);
  } finally {
    await stopAll(stops);
  }
}

async function measure(options: ReadsBenchOptions, dir: string, stops: Stops) {
  const { events, payees, seconds, say } = options;
  const pool = await startPool(options, dir, stops);
  const before = payees * EVENTS_BEFORE_PER_PAYEE;
  await until(() => countWorkers(pool.db), payees);
  await until(() => countEvents(pool.db), 1);
  const [payee = ''] = await someAddress(pool.db);
  const pages = { workers: '/workers', payee: `/v1/payees/${payee}` };
  const loads = Object.values(pages).map((path) => new Load(`${pool.apiUrl}${path}`));
  for (const load of loads) await load.run(TURN_MS);
  say(
    `${payees} workers after ${before} events; reading for ${seconds} s each, nothing else going on`,
  );
  const alone = await takeTurns(loads, sleep(seconds * 1_000 * loads.length));

  say(`and now with ${events} events coming in`);
  const known = await countEvents(pool.db);
  await fetch(`${pool.orchestratorUrl}/open`, { method: 'POST' });
  await until(async () => ((await countEvents(pool.db)) > known ? 1 : 0), 1);
  const startedMs = performance.now();
  const end = known + pool.distinct;
  const during = await takeTurns(
    loads,
    until(() => countEvents(pool.db), end),
  );
  const ingestSeconds = (performance.now() - startedMs) / 1_000;
  const figures = Object.keys(pages).map((name, i) => {
    const [aloneRate, duringRate] = [alone[i] ?? 0, during[i] ?? 0];
    say(`${name}: ${rounded(aloneRate)}/s alone, ${rounded(duringRate)}/s during the ingest`);
    return [
      name,
      {
        path: pages[name as keyof typeof pages],
        aloneRequestsPerSecond: rounded(aloneRate),
        duringIngestRequestsPerSecond: rounded(duringRate),
        ratio: rounded(duringRate / aloneRate),
      },
    ];
  });
  return {
    ...{ events, payees, readers: READERS, ingestSeconds: rounded(ingestSeconds) },
    ingestEventsPerSecond: rounded(events / ingestSeconds),
    ...Object.fromEntries(figures),
  };
}

async function startPool(options: ReadsBenchOptions, dir: string, stops: Stops) {
  const { events, payees, say } = options;
  say(`writing an answer of ${events} events`);
  const [answer, tail, earlier] = ['answer', 'tail', 'earlier'].map((name) =>
    join(dir, `${name}.json`),
  ) as [string, string, string];
  const plan: EventPlan = {
    ...{ events, payees, commissionBps: COMMISSION_BPS, seed: 1, fromMs: FROM_MS },
  };
  const written = await writeAnswer(answer, plan);
  writeFileSync(tail, JSON.stringify(written.tail));
  await writeAnswer(earlier, {
    ...{ ...plan, events: payees * EVENTS_BEFORE_PER_PAYEE, seed: 2 },
    fromMs: FROM_MS - A_MONTH_MS,
  });
  say('starting Postgres, Temporal, the chain, a worker and the API');
  const orchestrator = await startUntil({
    script: 'bench/ingest-server.ts',
    args: [answer, tail, earlier],
    mark: 'listening on ',
  });
  stops.push(() => orchestrator.process.stop());
  const { databaseUrl, temporalAddress, chain } = await startPoolServers(dir, stops);
  const endpoint = `${orchestrator.said}/live`;
  const configPath = writeConfig(dir, {
    pace: {
      ...{ syncInterval: '2s', payoutInterval: '24h' },
      ...{ minPayoutInterval: '1h', payoutThreshold: '1000000 ETH' },
    },
    sources: [{ id: 'bench', region: 'bench', nodeType: 'ai', endpoint }],
    ...{ databaseUrl, temporalAddress, temporalUiUrl: undefined },
    ...{ rpcUrl: chain.rpcUrl, chainId: chain.chainId, apiPort: 0 },
  });
  const worker = await startWorker(configPath);
  stops.push(() => worker.stop());
  const args = ['--config', configPath];
  const api = await startUntil({ script: 'api/main.ts', args, mark: 'listening on ' });
  stops.push(() => api.process.stop());
  const db = openDatabase({ url: databaseUrl, maxConnections: 2 });
  stops.push(() => closeDatabase(db));
  const { distinct } = written.expected;
  return { db, distinct, apiUrl: api.said, orchestratorUrl: orchestrator.said };
}

/** Requests a second of each page, which take turns until the end has come. */
async function takeTurns(
  loads: readonly Load[],
  end: Promise<unknown>,
): Promise<readonly number[]> {
  let isOver = false;
  void end.finally(() => {
    isOver = true;
  });
  const sums = loads.map(() => ({ requests: 0, ms: 0 }));
  while (!isOver) {
    for (const [i, load] of loads.entries()) {
      const turn = await load.run(TURN_MS);
      const sum = sums[i];
      if (sum === undefined) continue;
      sum.requests += turn.requests;
      sum.ms += turn.ms;
    }
  }
  await end;
  return sums.map(({ requests, ms }) => (requests * 1_000) / ms);
}

/** Some readers of one page, each of whom asks again when it has the answer. */
class Load {
  private readonly agent = new Agent({ keepAlive: true, maxSockets: READERS });

  constructor(private readonly url: string) {}

  async run(forMs: number): Promise<{ readonly requests: number; readonly ms: number }> {
    const startedMs = performance.now();
    let requests = 0;
    const read = async (): Promise<void> => {
      while (performance.now() - startedMs < forMs) {
        await this.get();
        requests += 1;
      }
    };
    await Promise.all(Array.from({ length: READERS }, read));
    return { requests, ms: performance.now() - startedMs };
  }

  private get(): Promise<void> {
    return new Promise((resolve, reject) => {
      const asked = request(this.url, { agent: this.agent }, (answer) => {
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve();
          else reject(new Error(`${this.url} answered ${answer.statusCode}`));
        });
        answer.on('error', reject);
        answer.resume();
      });
      asked.on('error', reject);
      asked.end();
    });
  }
}

/** By the source's own counter: counting a million rows would be a load of its own. */
async function countEvents(db: Database): Promise<number> {
  const [row] = await query<{ n: string }>(
    db,
    sql`SELECT coalesce(max(next_seq), 1) - 1 AS n FROM source`,
  );
  return Number(row?.n);
}

async function countWorkers(db: Database): Promise<number> {
  const [row] = await query<{ n: string }>(db, sql`SELECT count(*) AS n FROM remote_worker`);
  return Number(row?.n);
}

async function someAddress(db: Database): Promise<readonly string[]> {
  const rows = await query<{ payee: string }>(
    db,
    sql`SELECT payee FROM remote_worker ORDER BY jobs DESC LIMIT 1`,
  );
  return rows.map(({ payee }) => payee);
}

async function until(read: () => Promise<number>, least: number): Promise<void> {
  const giveUpMs = performance.now() + INGEST_TIMEOUT_MS;
  while (performance.now() < giveUpMs) {
    if ((await read()) >= least) return;
    await sleep(100);
  }
  throw new Error(`it did not come to ${least} in ${INGEST_TIMEOUT_MS / 60_000} minutes`);
}
