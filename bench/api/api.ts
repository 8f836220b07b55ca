/** Measures the API's answers beside those of a bare Hono route with the same bytes, in turn. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runForJson, startUntil } from '../children.js';
import { rounded } from '../figures.js';
import { inScratch, type Say, type Scratch } from '../scratch.js';
import { oldestAnswer } from './answer-age.js';
import type { LoadOrder, LoadResult } from './api-load.js';
import { type ApiPool, startApiPool } from './api-pool.js';
import {
  describePage,
  FLOORS,
  misses,
  type PageRounds,
  ratioOf,
  worstRatio,
} from './api-verdict.js';

export interface ApiBenchOptions {
  readonly events: number;
  readonly payees: number;
  /** How long each measurement takes. */
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  readonly say: Say;
}

/** The pages that all readers share. */
const SHARED = ['/workers', '/v1/workers', '/'];
/** How many payees are asked for in turn. */
const TURN = 1_000;
/** So many people come over more connections than the readers of one page. */
const TURN_CONNECTIONS = 5;
/** Those who ask why are people, each for another payee: few at the same time. */
const WHY_CONNECTIONS = 2;
const AGED = ['/workers', '/v1/workers'];

export function benchApi(options: ApiBenchOptions) {
  return inScratch('api', (scratch) => measure(options, scratch));
}

interface Bench {
  readonly options: ApiBenchOptions;
  readonly pool: ApiPool;
  readonly bareUrl: string;
  readonly load: (
    order: Partial<LoadOrder> & Pick<LoadOrder, 'url' | 'paths'>,
  ) => Promise<LoadResult>;
}

async function measure(options: ApiBenchOptions, scratch: Scratch) {
  const { events, payees, seconds, rounds, connections, say } = options;
  const pool = await startApiPool(options, scratch);
  const one = `/v1/payees/${pool.payees[0]}`;
  const { said: bareUrl, process: bare } = await startUntil({
    script: 'bench/api/bare-server.ts',
    args: [pool.url, ...SHARED, one],
    mark: 'bare routes listening on ',
  });
  scratch.stops.push(() => bare.stop());
  const orders = { connections, seconds, rate: null };
  const load: Bench['load'] = async (order) => {
    const file = join(scratch.dir, 'order.json');
    writeFileSync(file, JSON.stringify({ ...orders, ...order }));
    const result = await runForJson<LoadResult>({ script: 'bench/api/api-load.ts', args: [file] });
    if (result.refused > 0) say(`${order.paths[0]}: ${result.refused} were refused`);
    return result;
  };
  const bench: Bench = { options, pool, bareUrl, load };
  const shared: PageRounds[] = [];
  for (const page of SHARED) shared.push(await besideBare(bench, [page]));
  const some = pool.payees.slice(0, TURN).map((address) => `/v1/payees/${address}`);
  const payee = await besideBare(bench, some, connections * TURN_CONNECTIONS);
  const half = await atHalfLoad(bench, [
    ...shared.map((one) => ({ ...one, paths: [one.page] })),
    { ...payee, paths: some },
  ]);
  const why = await load({
    url: pool.url,
    paths: pool.payees.map((address) => `/v1/payees/${address}/why`),
    connections: WHY_CONNECTIONS,
  });
  say(`why: ${rounded(why.answersPerSecond)}/s, p99 ${rounded(why.p99Ms)} ms`);
  const figures = {
    ratioToBare: rounded(worstRatio(shared)),
    payeeRatioToBare: rounded(ratioOf(payee)),
    p99Ms: rounded(Math.max(...half.map(({ p99Ms }) => p99Ms))),
    whyP99Ms: rounded(why.p99Ms),
    oldestMs: rounded(Math.max(...half.map(({ oldestMs }) => oldestMs))),
  };
  return {
    events,
    payees,
    connections,
    seconds,
    rounds,
    ...figures,
    pages: [...shared, payee].map(describePage),
    half,
    misses: misses(figures),
    floors: FLOORS,
  };
}

/** Measures the bare route and the API in turn. With several paths the bare route answers all of them with one answer. */
async function besideBare(
  { options, pool, bareUrl, load }: Bench,
  paths: readonly string[],
  connections = options.connections,
): Promise<PageRounds> {
  const [page = ''] = paths;
  const rounds: { bareRate: number; apiRate: number }[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const bare = await load({ url: bareUrl, paths, connections });
    const api = await load({ url: pool.url, paths, connections });
    rounds.push({ bareRate: bare.answersPerSecond, apiRate: api.answersPerSecond });
    options.say(
      `${page}: ${rounded(api.answersPerSecond)}/s, bare ${rounded(bare.answersPerSecond)}/s`,
    );
  }
  const answer = await fetch(`${pool.url}${page}`, { headers: { 'accept-encoding': 'identity' } });
  return { page, bytes: (await answer.arrayBuffer()).byteLength, rounds };
}

/** Asks for each page half as often as the API can answer, while a worker's figures change all the time. */
async function atHalfLoad(
  { options, pool, load }: Bench,
  pages: readonly (PageRounds & { readonly paths: readonly string[] })[],
) {
  const { db, url } = pool;
  const payee = pool.payees[0] ?? '';
  const found: { page: string; rate: number; p50Ms: number; p99Ms: number; oldestMs: number }[] =
    [];
  for (const { page, paths, rounds } of pages) {
    const rate = Math.max(1, Math.floor(Math.min(...rounds.map(({ apiRate }) => apiRate)) / 2));
    const loaded = load({ url, paths, rate });
    const aged = [...AGED, `/v1/payees/${payee}`];
    const oldestMs = await oldestAnswer({ db, url, payee, paths: aged }, loaded);
    const { p50Ms, p99Ms } = await loaded;
    options.say(`${page} at ${rate}/s: p99 ${rounded(p99Ms)} ms, oldest ${oldestMs} ms`);
    found.push({ page, rate, p50Ms: rounded(p50Ms), p99Ms: rounded(p99Ms), oldestMs });
    await sleep(200);
  }
  return found;
}
