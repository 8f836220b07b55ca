/** What the same work costs when the history is twenty times as long. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import { createApp } from '../api/app.js';
import { loadConfig } from '../config/config.js';
import { closeDatabase, type Database, openDatabase } from '../core/db/database.js';
import { startPostgres } from '../core/db/embedded/postgres.js';
import { migrateDatabase } from '../core/db/migrate.js';
import { query } from '../core/db/query.js';
import { MAX_FEE_WEI } from '../core/events/rules/reading/event-content.js';
import type { RawEvent } from '../core/events/sources/event-source.js';
import type { SourceConfig } from '../core/events/sources/source-config.js';
import { registerSources } from '../core/events/store/sources/source-register.js';
import type { SyncDeps } from '../core/events/sync/source-reading.js';
import { runSyncPass } from '../core/events/sync/sync-pass.js';
import { openWalletRow } from '../core/payouts/store/wallet/wallets.js';
import { ensureWallet, writeConfig } from '../dev/stack/stack-config.js';
import { recordTerms } from '../test/harness/terms.js';
import { median, rounded } from './figures.js';
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
import { type Stops, stopAll } from './pool-servers.js';

export interface GrowthBenchOptions {
  /** Raw rows at which everything is measured, the smallest first. */
  readonly rows: readonly number[];
  readonly payees: number;
  readonly say: (line: string) => void;
}

const SOURCE_ID = 'bench';
/** The smallest history covers so many months, and longer ones as many more as they have more rows. */
const FIRST_MONTHS = 2;
const EVENTS_PER_PASS = 1_000;
const OVERLAP_EVENTS = 100;
const REPEATS = { syncPass: 15, emptyPass: 40, payeePage: 60, workersPage: 20, payoutRound: 5 };
const WARM_UPS = 2;
type Step = keyof typeof REPEATS;

interface SizeFigures extends Record<`${Step}Ms`, number> {
  readonly rows: number;
  readonly months: number;
  /** What an empty pass is busy for in Postgres. */
  readonly emptyPassPostgresMs: number;
  readonly payoutsPerRound: number;
  /** Halves of AI jobs that wait for the other one when all is over. */
  readonly openHalves: number;
  readonly databaseMb: number;
  readonly rawTableMb: number;
  readonly rawTableIndexesMb: number;
}

export async function benchGrowth(options: GrowthBenchOptions) {
  const dir = mkdtempSync(join(tmpdir(), 'openpool-growth-'));
  const stops: Stops = [async () => rmSync(dir, { recursive: true })];
  try {
    const pools = await fillAll(options, dir, stops);
    const sizes = await measureInTurn(pools);
    for (const figures of sizes) options.say(`${figures.rows} rows: ${describe(figures)}`);
    return { payees: options.payees, ...ratios(sizes), sizes };
  } finally {
    await stopAll(stops);
  }
}

/** A database for each size, on one server. */
async function fillAll(
  options: GrowthBenchOptions,
  dir: string,
  stops: Stops,
): Promise<readonly Pool[]> {
  const { rows, payees, say } = options;
  const postgres = await startPostgres({ dataDir: join(dir, 'postgres'), isSuperuser: true });
  stops.push(() => postgres.stop());
  const admin = openDatabase({ url: postgres.url });
  stops.push(() => closeDatabase(admin));
  const rowsPerMonth = Math.round((rows[0] ?? 0) / FIRST_MONTHS);
  const pools: Pool[] = [];
  for (const size of rows) {
    const url = new URL(postgres.url);
    url.pathname = `/rows_${size}`;
    await admin.$client.query(`CREATE DATABASE rows_${size}`);
    const db = openDatabase({ url: url.toString(), statementTimeoutMs: 3_600_000 });
    stops.push(() => closeDatabase(db));
    const history: History = {
      ...{ db, sourceId: SOURCE_ID, payees, rowsPerMonth, endMs: startOfLastMonth(new Date()) },
    };
    const pool = await prepare(history, dir, url.toString());
    const months = Math.round(size / rowsPerMonth);
    for (let month = 1; month <= months; month += 1) {
      await addMonth(history, month);
      if (month % 5 === 0) say(`${month * rowsPerMonth} of ${size} rows`);
    }
    await db.$client.query('VACUUM ANALYZE');
    pools.push({ ...pool, rows: months * rowsPerMonth, months });
  }
  await admin.$client.query('CHECKPOINT');
  return pools;
}

/** The month before this one: however early in a month it is, the new events lie in the past. */
function startOfLastMonth(now: Date): number {
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1);
}

interface Pool {
  readonly db: Database;
  readonly rows: number;
  readonly months: number;
  readonly steps: Readonly<Record<Step, () => Promise<unknown>>>;
  /** Not measured: makes something due for the next round. */
  readonly credit: () => Promise<unknown>;
}

async function prepare(
  history: History,
  dir: string,
  databaseUrl: string,
): Promise<Omit<Pool, 'rows' | 'months'>> {
  const { db, endMs } = history;
  await migrateDatabase(db);
  const source: SourceConfig = {
    ...{ id: SOURCE_ID, kind: 'bench', module: null, baseDir: '/', from: null, options: {} },
    ...{ region: HISTORY_REGION, nodeType: 'ai', syncIntervalMs: 60_000 },
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
  await openWalletRow(db, wallet, {
    ...{ opening: { nonce: 0, block: 0, balanceWei: 0n }, halt: null },
  });
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

/** The API as a function: neither sockets nor Temporal are a part of what grows. */
async function openPages(
  dir: string,
  db: Database,
  databaseUrl: string,
): Promise<(path: string) => Promise<void>> {
  const path = writeConfig(dir, {
    pace: {
      ...{ syncInterval: '1h', payoutInterval: '24h' },
      ...{ minPayoutInterval: '1s', payoutThreshold: '1 wei' },
    },
    sources: [{ id: 'none', region: 'none', nodeType: 'ai', endpoint: 'http://127.0.0.1:7935' }],
    ...{ databaseUrl, temporalAddress: '127.0.0.1:7233', temporalUiUrl: undefined },
    ...{ rpcUrl: 'http://127.0.0.1:8545', chainId: 31_337, apiPort: 0 },
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
    ...{ db, sources: new Map([[config.id, { config, source }]]), version: 'bench' },
    ...{ jobMatchWindowMs: 3_600_000, maxJobFeeWei: MAX_FEE_WEI },
  };
  const { signal } = new AbortController();
  await runSyncPass(deps, { sourceId: config.id, signal, onProgress: () => undefined });
}

/**
 * Each step on the one and on the other, again and again: a machine that is slow for a while is so for
 * all sizes. The first rounds are not counted: what is read or compiled for the first time is no
 * question of size.
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
        ...{ rows, months },
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

/** What this process' one busy connection kept Postgres busy for. */
async function postgresMs(db: Database): Promise<number> {
  await db.$client.query('SELECT pg_stat_force_next_flush()');
  const [row] = await query<{ ms: number }>(
    db,
    sql`SELECT active_time AS ms FROM pg_stat_database WHERE datname = current_database()`,
  );
  return row?.ms ?? Number.NaN;
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
  const mb = (bytes: string | undefined): number => Math.round(Number(bytes) / 1_048_576);
  return {
    openHalves: Number(open?.halves),
    databaseMb: mb(row?.database),
    rawTableMb: mb(row?.raw),
    rawTableIndexesMb: mb(row?.indexes),
  };
}

/** The last size against the first. */
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
