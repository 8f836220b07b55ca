/** Measures the API's pages without an ingest and during one. Worker and API are processes of their own. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { Database } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import { rounded } from '../figures.js';
import { inScratch, type Say, type Scratch } from '../scratch.js';
import {
  countEvents,
  countWorkers,
  EVENTS_BEFORE_PER_PAYEE,
  startReadPool,
  untilAtLeast,
} from './read-pool.js';

export interface ReadsBenchOptions {
  readonly events: number;
  readonly payees: number;
  /** How long each page is asked for without the ingest. */
  readonly seconds: number;
  readonly say: Say;
}

const READERS = 4;
/** Pages take turns, so that one ingest is enough for all of them. */
const TURN_MS = 500;

export function benchReads(options: ReadsBenchOptions) {
  return inScratch('reads', (scratch) => measure(options, scratch));
}

async function measure(options: ReadsBenchOptions, scratch: Scratch) {
  const { events, payees, seconds, say } = options;
  const pool = await startReadPool({ events, payees, say, services: 'apart' }, scratch);
  const before = payees * EVENTS_BEFORE_PER_PAYEE;
  await untilAtLeast(() => countWorkers(pool.db), payees);
  await untilAtLeast(() => countEvents(pool.db), 1);
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
  await untilAtLeast(() => countEvents(pool.db), known + 1);
  const startedMs = performance.now();
  const end = known + pool.distinct;
  const during = await takeTurns(
    loads,
    untilAtLeast(() => countEvents(pool.db), end),
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
    events,
    payees,
    readers: READERS,
    ingestSeconds: rounded(ingestSeconds),
    ingestEventsPerSecond: rounded(events / ingestSeconds),
    ...Object.fromEntries(figures),
  };
}

/** Returns the requests a second of each page. The pages take turns until the end. */
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

/** Runs some readers of one page. Each asks again when it has the answer. */
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

async function someAddress(db: Database): Promise<readonly string[]> {
  const rows = await query<{ payee: string }>(
    db,
    sql`SELECT payee FROM remote_worker ORDER BY jobs DESC LIMIT 1`,
  );
  return rows.map(({ payee }) => payee);
}
