/** Events a second from an orchestrator's answer to the ledger, and Postgres alone beside it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { closeDatabase, type Database, openDatabase } from '../core/db/database.js';
import { startPostgres } from '../core/db/embedded/postgres.js';
import { migrateDatabase } from '../core/db/migrate.js';
import { query } from '../core/db/query.js';
import { createEventSource } from '../core/events/sources/registry.js';
import { registerSources } from '../core/events/store/sources/source-register.js';
import { recordTerms } from '../test/harness/terms.js';
import { runForJson, startUntil } from './children.js';
import { compileIngestSync } from './compiled.js';
import { median, rounded } from './figures.js';
import { type EventPlan, type WrittenAnswer, writeAnswer } from './ingest-events.js';
import type { SyncRequest, SyncResult } from './ingest-sync.js';
import { type IngestVerdict, judge } from './ingest-verdict.js';
import { dumpRows, measureCopy, measureFlushes, measureRowPerCommit } from './ingest-yardsticks.js';

export interface IngestBenchOptions {
  readonly events: number;
  readonly payees: number;
  readonly passes: number;
  readonly say: (line: string) => void;
}

const COMMISSION_BPS = 2_500;
const FROM_MS = Date.UTC(2025, 0, 25);
/** Half of them with a commit each, half in a transaction each. */
const SINGLE_ROWS = 20_000;
const EMPTY_PASSES = 50;
const SOURCE: Omit<SyncRequest['source'], 'options'> = {
  ...{ id: 'bench', kind: 'orchestrator-http', module: null, baseDir: '/' },
  ...{ region: 'bench', nodeType: 'ai', syncIntervalMs: 60_000 },
};

interface PassFigures extends IngestVerdict {
  readonly eventsPerSecond: number;
  readonly copyRowsPerSecond: number;
  readonly ratioToCopy: number;
  readonly rowPerCommitPerSecond: number;
  readonly ratioToRowPerCommit: number;
  readonly rowPerTransactionPerSecond: number;
  readonly ratioToRowPerTransaction: number;
  readonly flushesPerSecond: number;
  readonly firstSliceEventsPerSecond: number;
  readonly lastSliceEventsPerSecond: number;
  readonly replayEventsPerSecond: number;
  readonly ratioLastToFirst: number;
  readonly ratioReplayToFirstPass: number;
  readonly emptyPassMs: number;
  readonly emptyPassWallMs: number;
  readonly peakRssMb: number;
  readonly cpuMicrosPerEvent: number;
  /** What Postgres' backend was busy for: no syncing, however quick, takes less. */
  readonly postgresMicrosPerEvent: number;
}

export async function benchIngest(options: IngestBenchOptions) {
  const { events, payees, passes, say } = options;
  const dir = mkdtempSync(join(tmpdir(), 'openpool-ingest-'));
  const stops: (() => Promise<unknown>)[] = [async () => rmSync(dir, { recursive: true })];
  try {
    const plan: EventPlan = {
      ...{ events, payees, commissionBps: COMMISSION_BPS, seed: 1, fromMs: FROM_MS },
    };
    say(`writing an answer of ${events} events`);
    const answer = await writeAnswer(join(dir, 'answer.json'), plan);
    writeFileSync(join(dir, 'tail.json'), JSON.stringify(answer.tail));
    const orchestrator = await startUntil({
      script: 'bench/ingest-server.ts',
      args: [join(dir, 'answer.json'), join(dir, 'tail.json')],
      mark: 'listening on ',
    });
    stops.push(() => orchestrator.process.stop());
    const postgres = await startPostgres({ dataDir: join(dir, 'postgres'), isSuperuser: true });
    stops.push(() => postgres.stop());
    const bench: Bench = {
      ...{ dir, adminUrl: postgres.url, endpoint: orchestrator.said, answer, say },
      script: compileIngestSync(),
    };
    const all: PassFigures[] = [];
    let facts: Awaited<ReturnType<typeof tableFacts>> | undefined;
    for (let n = 1; n <= passes; n += 1) {
      const made = await runPass(bench, n);
      all.push(made.figures);
      facts ??= made.facts;
      say(`pass ${n} of ${passes}: ${describe(made.figures)}`);
    }
    return { ...{ events, payees }, ...medians(all), ...mixOf(answer), ...facts, passes: all };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

interface Bench {
  readonly dir: string;
  readonly adminUrl: string;
  readonly endpoint: string;
  readonly answer: WrittenAnswer;
  /** Does the syncing. */
  readonly script: string;
  readonly say: (line: string) => void;
}

/** One turn of everything, in a database of its own that is dropped in the end. */
async function runPass(bench: Bench, n: number) {
  const name = `pass_${n}`;
  const url = new URL(bench.adminUrl);
  url.pathname = `/${name}`;
  const admin = openDatabase({ url: bench.adminUrl, statementTimeoutMs: 600_000 });
  await admin.$client.query(`CREATE DATABASE ${name}`);
  const db = openDatabase({ url: url.toString(), statementTimeoutMs: 3_600_000 });
  try {
    await prepare(db, `${bench.endpoint}/all`);
    const figures = await measure(bench, { db, admin, url: url.toString() });
    return { figures, facts: await tableFacts(db) };
  } finally {
    await closeDatabase(db);
    await admin.$client.query(`DROP DATABASE ${name}`);
    await closeDatabase(admin);
  }
}

async function prepare(db: Database, endpoint: string): Promise<void> {
  await migrateDatabase(db);
  const { readsFrom } = await createEventSource({ ...SOURCE, options: { endpoint } });
  await registerSources(db, [{ ...SOURCE, readsFrom, from: null }]);
  const terms = { commissionBps: COMMISSION_BPS, thresholdWei: 1n, minIntervalMs: 0 };
  await recordTerms(db, terms, new Date(FROM_MS));
}

interface PassDatabase {
  readonly db: Database;
  /** On another database of the server: what it does is not counted with this one's work. */
  readonly admin: Database;
  readonly url: string;
}

async function measure(bench: Bench, database: PassDatabase): Promise<PassFigures> {
  const { answer, endpoint, dir } = bench;
  const { db, admin } = database;
  const { elements, distinct } = answer.expected;
  const sync = async (path: string, passes = 1): Promise<SyncResult> => {
    const source = { ...SOURCE, options: { endpoint: `${endpoint}${path}` } };
    const request: SyncRequest = { databaseUrl: database.url, source, passes };
    await admin.$client.query('CHECKPOINT');
    const args = [JSON.stringify(request)];
    return runForJson<SyncResult>({ script: bench.script, args });
  };
  const rate = (result: SyncResult): number => (elements * 1_000) / (result.passesMs[0] ?? 0);

  const first = await sync('/all');
  const eventsPerSecond = rate(first);
  const slices = await sliceRates(db, { elements, distinct, endedAtMs: first.endedAtMs });
  const replay = await sync('/all');
  const empty = await sync('/live', EMPTY_PASSES);
  const verdict = await judge(db, answer.expected);
  await dumpRows(db, join(dir, 'rows'));
  const copyRowsPerSecond = await measureCopy(db, join(dir, 'rows'));
  const perCommit = await measureRowPerCommit(db, Math.min(SINGLE_ROWS, distinct));
  return {
    ...{ eventsPerSecond, copyRowsPerSecond },
    rowPerCommitPerSecond: perCommit.alone,
    rowPerTransactionPerSecond: perCommit.inTransaction,
    ratioToCopy: eventsPerSecond / copyRowsPerSecond,
    ratioToRowPerCommit: eventsPerSecond / perCommit.alone,
    ratioToRowPerTransaction: eventsPerSecond / perCommit.inTransaction,
    flushesPerSecond: measureFlushes(dir),
    ...slices,
    ratioLastToFirst: slices.lastSliceEventsPerSecond / slices.firstSliceEventsPerSecond,
    replayEventsPerSecond: rate(replay),
    ratioReplayToFirstPass: rate(replay) / eventsPerSecond,
    emptyPassMs: empty.postgresMs / EMPTY_PASSES,
    emptyPassWallMs: median(empty.passesMs),
    peakRssMb: first.peakRssMb,
    cpuMicrosPerEvent: (first.cpuMs * 1_000) / elements,
    postgresMicrosPerEvent: (first.postgresMs * 1_000) / elements,
    ...verdict,
  };
}

/**
 * How fast the first and the last tenth went, by the times at which the batches' transactions began:
 * nobody had to look on.
 */
async function sliceRates(
  db: Database,
  pass: { readonly elements: number; readonly distinct: number; readonly endedAtMs: number },
) {
  const rows = await query<{ began_ms: string; events: string }>(
    db,
    sql`SELECT extract(epoch FROM received_at) * 1000 AS began_ms, count(*) AS events
          FROM pool_event GROUP BY 1 ORDER BY 1`,
  );
  const times = [...rows.map((row) => Number(row.began_ms)), pass.endedAtMs];
  const events = rows.map((row) => Number(row.events));
  const tenth = Math.max(1, Math.round(rows.length / 10));
  const rate = (from: number, to: number): number => {
    const slice = events.slice(from, to).reduce((sum, n) => sum + n, 0);
    const seconds = ((times[to] ?? 0) - (times[from] ?? 0)) / 1_000;
    return (slice * (pass.elements / pass.distinct)) / seconds;
  };
  return {
    firstSliceEventsPerSecond: rate(0, tenth),
    lastSliceEventsPerSecond: rate(rows.length - tenth, rows.length),
  };
}

async function tableFacts(db: Database) {
  const indexes = await query<{ definition: string }>(
    db,
    sql`SELECT DISTINCT indexdef AS definition FROM pg_indexes
         WHERE schemaname = 'public' AND tablename = 'pool_event'`,
  );
  const [sizes] = await query<{ partitions: string; table_mb: string; index_mb: string }>(
    db,
    sql`SELECT count(*) AS partitions, sum(pg_table_size(inhrelid)) / 1048576 AS table_mb,
               sum(pg_indexes_size(inhrelid)) / 1048576 AS index_mb
          FROM pg_inherits WHERE inhparent = 'public.pool_event'::regclass`,
  );
  return {
    rawTableIndexes: indexes.map(({ definition }) => definition),
    rawTablePartitions: Number(sizes?.partitions),
    rawTableMb: rounded(Number(sizes?.table_mb)),
    rawTableIndexesMb: rounded(Number(sizes?.index_mb)),
  };
}

function mixOf({ expected, bytes }: WrittenAnswer) {
  const { elements, distinct, jobs, aiJobs, boundAiJobs } = expected;
  return {
    answerMb: rounded(bytes / 1_048_576),
    mix: {
      duplicateShare: rounded(1 - distinct / elements),
      jobProcessedShare: rounded(jobs / distinct),
      aiShareOfJobs: rounded(aiJobs / jobs),
      boundShareOfAiJobs: rounded(boundAiJobs / aiJobs),
    },
  };
}

/** Of each figure; exactness is not a matter of the middle: the worst pass counts. */
function medians(all: readonly PassFigures[]) {
  const of = (key: Exclude<keyof PassFigures, 'driftWei'>): number =>
    rounded(median(all.map((pass) => pass[key])));
  const worst = (key: 'lost' | 'duplicated' | 'driftWei'): string =>
    all
      .reduce((most, pass) => (BigInt(pass[key]) > most ? BigInt(pass[key]) : most), 0n)
      .toString();
  return {
    eventsPerSecond: of('eventsPerSecond'),
    copyRowsPerSecond: of('copyRowsPerSecond'),
    ratioToCopy: of('ratioToCopy'),
    rowPerCommitPerSecond: of('rowPerCommitPerSecond'),
    ratioToRowPerCommit: of('ratioToRowPerCommit'),
    rowPerTransactionPerSecond: of('rowPerTransactionPerSecond'),
    ratioToRowPerTransaction: of('ratioToRowPerTransaction'),
    flushesPerSecond: of('flushesPerSecond'),
    peakRssMb: rounded(Math.max(...all.map((pass) => pass.peakRssMb))),
    firstSliceEventsPerSecond: of('firstSliceEventsPerSecond'),
    lastSliceEventsPerSecond: of('lastSliceEventsPerSecond'),
    ratioLastToFirst: of('ratioLastToFirst'),
    replayEventsPerSecond: of('replayEventsPerSecond'),
    ratioReplayToFirstPass: of('ratioReplayToFirstPass'),
    emptyPassMs: of('emptyPassMs'),
    emptyPassWallMs: of('emptyPassWallMs'),
    cpuMicrosPerEvent: of('cpuMicrosPerEvent'),
    postgresMicrosPerEvent: of('postgresMicrosPerEvent'),
    lost: Number(worst('lost')),
    duplicated: Number(worst('duplicated')),
    driftWei: worst('driftWei'),
  };
}

function describe(figures: PassFigures): string {
  const n = (key: Exclude<keyof PassFigures, 'driftWei'>): string =>
    rounded(figures[key]).toLocaleString('en');
  return [
    `${n('eventsPerSecond')} events/s`,
    `${n('ratioToCopy')} of COPY's ${n('copyRowsPerSecond')} rows/s`,
    `${n('ratioToRowPerCommit')} times ${n('rowPerCommitPerSecond')} commits/s`,
    `${n('ratioToRowPerTransaction')} times ${n('rowPerTransactionPerSecond')} transactions/s`,
    `${n('flushesPerSecond')} flushes/s`,
    `peak RSS ${n('peakRssMb')} MB`,
    `last tenth ${n('ratioLastToFirst')} of the first`,
    `replay ${n('ratioReplayToFirstPass')}`,
    `empty pass ${n('emptyPassMs')} ms in Postgres`,
    `lost ${figures.lost}, twice ${figures.duplicated}, drift ${figures.driftWei} wei`,
  ].join(', ');
}
