/** Measures the same work on a short history and on one that is twenty times as long. */
import { Client, Connection } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { createApp } from '../../api/app.js';
import { loadConfig } from '../../config/config.js';
import type { Database } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import { MAX_FEE_WEI } from '../../core/events/rules/reading/event-content.js';
import type { RawEvent } from '../../core/events/sources/event-source.js';
import type { SourceConfig } from '../../core/events/sources/source-config.js';
import { registerSources } from '../../core/events/store/sources/source-register.js';
import type { SyncDeps } from '../../core/events/sync/source-reading.js';
import { runSyncPass } from '../../core/events/sync/sync-pass.js';
import { openWalletRow } from '../../core/payouts/store/wallet/wallets.js';
import { ensureWallet } from '../../dev/stack/pool/stack-config.js';
import { recordTerms } from '../../test/harness/terms.js';
import { median, postgresMs, rounded, toMb } from '../figures.js';
import { benchSource } from '../ingest/bench-source.js';
import { writeBenchConfig } from '../pool-servers.js';
import {
  createBenchDatabase,
  inScratch,
  onServer,
  type Say,
  type Scratch,
  startBenchPostgres,
} from '../scratch.js';
import { ArrivingEvents } from './growth-arriving.js';
import {
  addMonth,
  addWorkers,
  FIRST_NEW_BATCH,
  FIRST_NEW_SEQ,
  HISTORY_REGION,
  type History,
} from './growth-history.js';
import { payRound } from './growth-round.js';

export interface GrowthBenchOptions {
  /** Raw rows at which everything is measured, the smallest first. */
  readonly rows: readonly number[];
  readonly payees: number;
  readonly say: Say;
}

const SOURCE_ID = 'bench';
/** The months that the smallest history covers. A longer one has the same number of rows a month, and so more months. */
const FIRST_MONTHS = 2;
const EVENTS_PER_PASS = 1_000;
const OVERLAP_EVENTS = 100;
const REPEATS = { syncPass: 15, emptyPass: 40, payeePage: 60, workersPage: 20, payoutRound: 5 };
const WARM_UPS = 2;
type Step = keyof typeof REPEATS;

interface SizeFigures extends Record<`${Step}Ms`, number> {
  readonly rows: number;
  readonly months: number;
  /** The time that an empty pass keeps Postgres busy. */
  readonly emptyPassPostgresMs: number;
  readonly payoutsPerRound: number;
  /** Halves of AI jobs that still wait for their other half at the end. */
  readonly openHalves: number;
  readonly databaseMb: number;
  readonly rawTableMb: number;
  readonly rawTableIndexesMb: number;
}

export function benchGrowth(options: GrowthBenchOptions) {
  return inScratch('growth', async (scratch) => {
    const pools = await fillAll(options, scratch);
    const sizes = await measureInTurn(pools);
    for (const figures of sizes) options.say(`${figures.rows} rows: ${describe(figures)}`);
    return { payees: options.payees, ...ratios(sizes), sizes };
  });
}

/** Makes a database for each size, on one server. */
async function fillAll(options: GrowthBenchOptions, scratch: Scratch): Promise<readonly Pool[]> {
  const { rows, payees, say } = options;
  const server = await startBenchPostgres(scratch);
  const rowsPerMonth = Math.round((rows[0] ?? 0) / FIRST_MONTHS);
  const pools: Pool[] = [];
  for (const size of rows) {
    const { db, url } = await createBenchDatabase(server, `rows_${size}`, scratch);
    const endMs = startOfLastMonth(new Date());
    const history: History = { db, sourceId: SOURCE_ID, payees, rowsPerMonth, endMs };
    const pool = await prepare(history, scratch.dir, url);
    const months = Math.round(size / rowsPerMonth);
    for (let month = 1; month <= months; month += 1) {
      await addMonth(history, month);
      if (month % 5 === 0) say(`${month * rowsPerMonth} of ${size} rows`);
    }
    await db.$client.query('VACUUM ANALYZE');
    pools.push({ ...pool, rows: months * rowsPerMonth, months });
  }
  await onServer(server, 'CHECKPOINT');
  return pools;
}

/** History ends a month before this one begins, so the new events lie in the past on every day of a month. */
function startOfLastMonth(now: Date): number {
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1);
}

interface Pool {
  readonly db: Database;
  readonly rows: number;
  readonly months: number;
  readonly steps: Readonly<Record<Step, () => Promise<unknown>>>;
  /** Makes something due for the next round. It is not measured. */
  readonly credit: () => Promise<unknown>;
}

async function prepare(
  history: History,
  dir: string,
  databaseUrl: string,
): Promise<Omit<Pool, 'rows' | 'months'>> {
  const { db, endMs } = history;
  const source: SourceConfig = {
    ...benchSource(''),
    id: SOURCE_ID,
    kind: 'bench',
    region: HISTORY_REGION,
  };
  await registerSources(db, [{ ...source, readsFrom: 'bench' }]);
  const terms = { commissionBps: 2_500, thresholdWei: 1n, minIntervalMs: 0 };
  await recordTerms(db, terms, new Date(0));
  await db.execute(sql`
    UPDATE source SET next_seq = ${FIRST_NEW_SEQ}, next_batch = ${FIRST_NEW_BATCH},
           cursor_dt = ${new Date(endMs - 1_000).toISOString()}::timestamptz,
           newest_dt = ${new Date(endMs - 1_000).toISOString()}::timestamptz, deep_pass_at = now()`);
  await addWorkers(history);
  const address = ensureWallet(dir) as `0x${string}`;
  const wallet = { chainId: 31_337, address };
  const opening = { nonce: 0, block: 0, balanceWei: 0n };
  await openWalletRow(db, wallet, { opening, halt: null });
  const pages = await openPages(dir, db, databaseUrl);
  const [payee] = await query<{ address: string }>(db, sql`SELECT address FROM payee LIMIT 1`);
  const arriving = new ArrivingEvents(history, await payeesOf(db));
  const pass = (events: () => readonly RawEvent[]) => runPass(db, source, events);
  const credit = () => pass(() => arriving.transcodeJobs(EVENTS_PER_PASS));
  return {
    db,
    credit,
    steps: {
      syncPass: () => pass(() => arriving.next(EVENTS_PER_PASS)),
      emptyPass: () => pass(() => arriving.last(OVERLAP_EVENTS)),
      payeePage: () => pages(`/v1/payees/${payee?.address}`),
      workersPage: () => pages('/workers'),
      payoutRound: () => payRound(db, wallet),
    },
  };
}

async function payeesOf(db: Database): Promise<readonly string[]> {
  const rows = await query<{ address: string }>(db, sql`SELECT address FROM payee`);
  return rows.map(({ address }) => address);
}

/** Calls the API as a function, because neither sockets nor Temporal get slower with the history. */
async function openPages(
  dir: string,
  db: Database,
  databaseUrl: string,
): Promise<(path: string) => Promise<void>> {
  const path = writeBenchConfig(dir, {
    servers: {
      databaseUrl,
      temporalAddress: '127.0.0.1:7233',
      chain: { rpcUrl: 'http://127.0.0.1:8545', chainId: 31_337 },
    },
    endpoint: 'http://127.0.0.1:7935',
    pace: { minPayoutInterval: '1s', payoutThreshold: '1 wei' },
  });
  const config = await loadConfig(path);
  const client = new Client({ connection: Connection.lazy() });
  const app = createApp({ db, poolId: 'bench', client, config, version: 'bench' });
  return async (page) => {
    const answer = await app.request(page);
    if (answer.status !== 200) throw new Error(`${page}: ${answer.status} ${await answer.text()}`);
    await answer.text();
  };
}

async function runPass(
  db: Database,
  config: SourceConfig,
  events: () => readonly RawEvent[],
): Promise<void> {
  const source = {
    readsFrom: 'bench',
    async *read() {
      const slice = events();
      for (let from = 0; from < slice.length; from += 250) yield slice.slice(from, from + 250);
    },
  };
  const deps: SyncDeps = {
    db,
    sources: new Map([[config.id, { config, source }]]),
    version: 'bench',
    jobMatchWindowMs: 3_600_000,
    maxJobFeeWei: MAX_FEE_WEI,
  };
  const { signal } = new AbortController();
  await runSyncPass(deps, { sourceId: config.id, signal, onProgress: () => undefined });
}

/**
 * Runs each step on one size and then on the next, many times, so that a slow spell of the machine hits all sizes.
 * The first turns are not counted: whatever is read or compiled for the first time has nothing to do with size.
 */
async function measureInTurn(pools: readonly Pool[]): Promise<readonly SizeFigures[]> {
  const times = new Map(pools.map((pool) => [pool, new Map<Step, number[]>()]));
  const busy = new Map<Pool, number[]>();
  const payouts = new Map<Pool, number>();
  for (const step of Object.keys(REPEATS) as Step[]) {
    for (let i = -WARM_UPS; i < REPEATS[step]; i += 1) {
      for (const pool of pools) {
        if (step === 'payoutRound') await pool.credit();
        const busyBeforeMs = step === 'emptyPass' && i >= 0 ? await postgresMs(pool.db) : 0;
        const startedMs = performance.now();
        const did = await pool.steps[step]();
        const tookMs = performance.now() - startedMs;
        if (i < 0) continue;
        const all = times.get(pool)?.get(step) ?? [];
        times.get(pool)?.set(step, [...all, tookMs]);
        if (step === 'payoutRound') payouts.set(pool, Number(did));
        if (step !== 'emptyPass') continue;
        const busyMs = (await postgresMs(pool.db)) - busyBeforeMs;
        busy.set(pool, [...(busy.get(pool) ?? []), busyMs]);
      }
    }
  }
  return Promise.all(
    pools.map(async (pool) => {
      const of = (step: Step): number => median(times.get(pool)?.get(step) ?? []);
      const { rows, months } = pool;
      return {
        rows,
        months,
        syncPassMs: of('syncPass'),
        emptyPassMs: of('emptyPass'),
        payeePageMs: of('payeePage'),
        workersPageMs: of('workersPage'),
        payoutRoundMs: of('payoutRound'),
        emptyPassPostgresMs: median(busy.get(pool) ?? []),
        payoutsPerRound: payouts.get(pool) ?? 0,
        ...(await sizesOf(pool.db)),
      };
    }),
  );
}

async function sizesOf(db: Database) {
  const [open] = await query<{ halves: string }>(
    db,
    sql`SELECT count(*) AS halves FROM unmatched_job`,
  );
  const [row] = await query<{ database: string; raw: string; indexes: string }>(
    db,
    sql`SELECT pg_database_size(current_database()) AS database, sum(pg_table_size(inhrelid)) AS raw,
               sum(pg_indexes_size(inhrelid)) AS indexes
          FROM pg_inherits WHERE inhparent = 'pool_event'::regclass`,
  );
  const mb = (bytes: string | undefined): number => Math.round(toMb(Number(bytes)));
  return {
    openHalves: Number(open?.halves),
    databaseMb: mb(row?.database),
    rawTableMb: mb(row?.raw),
    rawTableIndexesMb: mb(row?.indexes),
  };
}

/** Each step's time at the last size, divided by its time at the first. */
function ratios(sizes: readonly SizeFigures[]) {
  const [first] = sizes;
  const last = sizes.at(-1);
  const of = (step: Step): number =>
    rounded((last?.[`${step}Ms`] ?? Number.NaN) / (first?.[`${step}Ms`] ?? Number.NaN));
  return {
    ratioSyncPass: of('syncPass'),
    ratioEmptyPass: of('emptyPass'),
    ratioPayeePage: of('payeePage'),
    ratioWorkersPage: of('workersPage'),
    ratioPayoutRound: of('payoutRound'),
    emptyPassPostgresMs: rounded(last?.emptyPassPostgresMs ?? Number.NaN),
  };
}

function describe(figures: SizeFigures): string {
  const { syncPassMs, emptyPassMs, emptyPassPostgresMs, payeePageMs, payoutRoundMs } = figures;
  return [
    `a pass with ${EVENTS_PER_PASS} events ${rounded(syncPassMs)} ms`,
    `an empty one ${rounded(emptyPassMs)} ms (${rounded(emptyPassPostgresMs)} in Postgres)`,
    `a payee's page ${rounded(payeePageMs)} ms`,
    `a round of ${figures.payoutsPerRound} payouts ${rounded(payoutRoundMs)} ms`,
    `${figures.openHalves} halves that wait`,
    `${figures.databaseMb} MB`,
  ].join(', ');
}
