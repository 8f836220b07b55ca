/** Measures what two hundred readers without a token do to health probes, to the kill switch and to the ingest. */
import { readFileSync } from 'node:fs';
import { get, request } from 'node:http';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../core/db/database.js';
import { startScript } from '../children.js';
import { quantile, rounded } from '../figures.js';
import { inScratch, type Say, type Scratch } from '../scratch.js';
import { countEvents, countWorkers, startReadPool, untilAtLeast } from './read-pool.js';

export interface FloodBenchOptions {
  readonly events: number;
  readonly payees: number;
  readonly connections: number;
  readonly seconds: number;
  readonly route: string;
  /** True when every request asks for something else, so that no answer is cached. */
  readonly vary: boolean;
  readonly say: Say;
}

/** The limits that docs/performance.md names. */
export const FLOORS = { healthP99Ms: 250, haltMs: 1_000, ingestRatio: 0.7 } as const;

const ROUTES = ['/', '/status', '/workers', '/metrics', '/v1/pool', '/v1/sources', '/v1/workers'];
const MORE_ROUTES = ['/v1/payees', '/v1/payouts', '/v1/round/preview', '/v1/unattributed'];
const PROBE_EACH_MS = 50;
const HALT_TIMEOUT_MS = 180_000;
const HALT_AFTER_MS = 3_000;
/** How long events are counted without readers, before and after. */
const ALONE_SECONDS = 6;
const WARM_UP_SECONDS = 2;
const LEAST_BATCHES = 5;

export function benchFlood(options: FloodBenchOptions) {
  return inScratch('flood', (scratch) => measure(options, scratch));
}

async function measure(options: FloodBenchOptions, scratch: Scratch) {
  const { events, payees, connections, seconds, route, vary, say } = options;
  const pool = await startReadPool({ events, payees, say, services: 'whole' }, scratch);
  const token = readFileSync(join(scratch.dir, 'api-token'), 'utf8');
  await untilAtLeast(() => countWorkers(pool.db), payees);
  const known = await settled(pool.db);
  const routes = await priceRoutes(pool.apiUrl);
  say(`${payees} workers; ${events} events come in now, first without readers`);
  await fetch(`${pool.orchestratorUrl}/open`, { method: 'POST' });
  await untilAtLeast(() => countEvents(pool.db), known + 1);
  const counter = new Counter(pool.db, known + pool.distinct);
  await sleep(WARM_UP_SECONDS * 1_000);
  const before = await counter.during(counter.someBatches(ALONE_SECONDS));
  say(`${connections} readers of ${route} for ${seconds} s`);
  const flood = await startFlood(options, pool.apiUrl);
  const health = probeHealth(pool.apiUrl, seconds * 1_000);
  const halt = sleep(HALT_AFTER_MS).then(() => haltWallet(pool.apiUrl, token));
  const during = await counter.during(flood.ended);
  const [probes, haltMs, readers] = await Promise.all([health, halt, flood.ended]);
  const healthMs = probes.map(({ ms }) => ms);
  await sleep(1_000);
  const after = await counter.during(counter.someBatches(ALONE_SECONDS));
  counter.stop();
  const alone = (before + after) / 2;
  return {
    route,
    vary,
    payees,
    connections,
    seconds,
    healthP50Ms: rounded(quantile(healthMs, 0.5)),
    healthP99Ms: rounded(quantile(healthMs, 0.99)),
    healthUnanswered: probes.filter(({ isAnswered }) => !isAnswered).length,
    haltMs: rounded(haltMs),
    ingestEventsPerSecondAlone: rounded(alone),
    ingestEventsPerSecond: rounded(during),
    ingestRatio: rounded(during / alone),
    answersPerSecond: rounded(readers.answers / readers.seconds),
    refusalsPerSecond: rounded(readers.refused / readers.seconds),
    megabytesPerSecond: rounded(readers.bytes / readers.seconds / 1e6),
    lostConnections: readers.lost,
    routes,
    floors: FLOORS,
  };
}

/** Measures the first answer of each route, which shows the most expensive one. */
async function priceRoutes(apiUrl: string) {
  const prices: { readonly route: string; readonly ms: number; readonly bytes: number }[] = [];
  for (const route of [...ROUTES, ...MORE_ROUTES]) {
    await sleep(200);
    const startedMs = performance.now();
    const bytes = (await (await fetch(`${apiUrl}${route}`)).arrayBuffer()).byteLength;
    prices.push({ route, ms: rounded(performance.now() - startedMs), bytes });
  }
  return prices;
}

/** Waits until no more events come; resolves with how many are stored. */
async function settled(db: Database): Promise<number> {
  for (let last = -1; ; ) {
    const now = await countEvents(db);
    if (now > 0 && now === last) return now;
    last = now;
    await sleep(3_000);
  }
}

/** Follows the count of events. The count moves when a batch is committed, so rates are taken from one batch to another. */
class Counter {
  private readonly seen: { readonly atMs: number; readonly events: number }[] = [];
  private isOver = false;

  /** @param end the count when all events have come */
  constructor(
    private readonly db: Database,
    private readonly end: number,
  ) {
    // It fails only when the pool has ended because something else failed, which is reported.
    this.follow().catch(() => undefined);
  }

  /** Returns the events a second during this work. */
  async during(span: Promise<unknown>): Promise<number> {
    const fromMs = performance.now();
    await span;
    const those = this.seen.filter(({ atMs }) => atMs >= fromMs);
    const [first, last] = [those[0], those.at(-1)];
    if ((last?.events ?? 0) >= this.end) {
      throw new Error('the ingest came to its end too early: give it more --events');
    }
    // It was so slow that at most one batch ended in this time.
    if (first === undefined || last === undefined || first === last) {
      const earlier = this.seen.findLast(({ atMs }) => atMs < fromMs)?.events ?? 0;
      return (((last?.events ?? earlier) - earlier) * 1_000) / (performance.now() - fromMs);
    }
    return ((last.events - first.events) * 1_000) / (last.atMs - first.atMs);
  }

  /** Resolves after this many seconds, but not before some batches have come. */
  async someBatches(seconds: number): Promise<void> {
    const enough = this.seen.length + LEAST_BATCHES;
    const reached = untilAtLeast(async () => this.seen.length, enough);
    await Promise.all([sleep(seconds * 1_000), reached]);
  }

  stop(): void {
    this.isOver = true;
  }

  private async follow(): Promise<void> {
    while (!this.isOver) {
      const events = await countEvents(this.db);
      if (events !== this.seen.at(-1)?.events) this.seen.push({ atMs: performance.now(), events });
      await sleep(20);
    }
  }
}

interface ReadersResult {
  readonly answers: number;
  readonly refused: number;
  readonly lost: number;
  readonly bytes: number;
  readonly seconds: number;
}

/** Starts the readers; resolves when they read. They run with low priority, because real ones have machines of their own. */
async function startFlood(options: FloodBenchOptions, apiUrl: string) {
  const { route, connections, seconds, vary } = options;
  let last = '';
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const readers = startScript({
    script: 'bench/reads/flood-readers.ts',
    args: [`${apiUrl}${route}`, `${connections}`, `${seconds}`, ...(vary ? ['vary'] : [])],
    onLine: (line) => {
      if (line === 'reading') begin();
      last = line;
    },
  });
  setPriority(readers.pid, constants.priority.PRIORITY_LOW);
  await Promise.race([begun, readers.ended]);
  const ended = readers.ended.then(() => JSON.parse(last) as ReadersResult);
  return { ended };
}

interface Probe {
  readonly ms: number;
  readonly isAnswered: boolean;
}

/** Sends probes, each on a connection of its own. One begins every 50 ms, whether or not earlier ones have ended. */
async function probeHealth(apiUrl: string, forMs: number): Promise<readonly Probe[]> {
  const probes: Promise<Probe>[] = [];
  for (const endMs = performance.now() + forMs; performance.now() < endMs; ) {
    probes.push(probe(`${apiUrl}/v1/health`));
    await sleep(PROBE_EACH_MS);
  }
  return Promise.all(probes);
}

function probe(url: string): Promise<Probe> {
  const startedMs = performance.now();
  return new Promise((resolve) => {
    const end = (isAnswered: boolean) => resolve({ ms: performance.now() - startedMs, isAnswered });
    const asked = get(url, { agent: false }, (answer) => {
      answer.resume().on('end', () => end(answer.statusCode === 200));
    });
    asked.on('error', () => end(false));
  });
}

/** Returns how long it takes until the wallet is halted. A request whose connection is lost is sent again. */
async function haltWallet(apiUrl: string, token: string): Promise<number> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < HALT_TIMEOUT_MS) {
    if ((await askForHalt(apiUrl, token)) === 200) return performance.now() - startedMs;
    await sleep(100);
  }
  return Number.POSITIVE_INFINITY;
}

function askForHalt(apiUrl: string, token: string): Promise<number> {
  const options = { method: 'POST', headers: { authorization: `Bearer ${token}` }, agent: false };
  return new Promise((resolve) => {
    const asked = request(`${apiUrl}/v1/wallet/halt`, options, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
    });
    asked.on('error', () => resolve(0)).end(JSON.stringify({ reason: 'a bench' }));
  });
}
