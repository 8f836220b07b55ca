/** Measures events a second from an orchestrator's answer to the ledger, and Postgres alone for comparison. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { largerWei } from '../../core/base/money.js';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';
import { query } from '../../core/db/query.js';
import { COMMISSION_BPS } from '../../dev/stack/pool/stack-config.js';
import { runForJson, startUntil } from '../children.js';
import { median, rounded, toMb } from '../figures.js';
import {
  createBenchDatabase,
  inScratch,
  onServer,
  type Say,
  type Scratch,
  startBenchPostgres,
} from '../scratch.js';
import { benchSource, moveBenchSource, openBenchSource } from './bench-source.js';
import { compileIngestSync } from './compiled.js';
import { type EventPlan, type WrittenAnswer, writeAnswer } from './ingest-events.js';
import type { SyncRequest, SyncResult } from './ingest-sync.js';
import { judge } from './ingest-verdict.js';
import { dumpRows, measureCopy, measureFlushes, measureRowPerCommit } from './ingest-yardsticks.js';

export interface IngestBenchOptions {
  readonly events: number;
  readonly payees: number;
  readonly passes: number;
  readonly say: Say;
}

const FROM_MS = Date.UTC(2025, 0, 25);
/** Half of these rows are stored with a commit each, half in a transaction each. */
const SINGLE_ROWS = 20_000;
const EMPTY_PASSES = 50;

type PassFigures = Awaited<ReturnType<typeof measure>>;

export function benchIngest(options: IngestBenchOptions) {
  const { events, payees, passes, say } = options;
  return inScratch('ingest', async (scratch) => {
    const { dir, stops } = scratch;
    const plan: EventPlan = {
      events,
      payees,
      commissionBps: COMMISSION_BPS,
      seed: 1,
      fromMs: FROM_MS,
    };
    say(`writing an answer of ${events} events`);
    const answer = await writeAnswer(join(dir, 'answer.json'), plan);
    writeFileSync(join(dir, 'tail.json'), JSON.stringify(answer.tail));
    const orchestrator = await startUntil({
      script: 'bench/ingest/ingest-server.ts',
      args: [join(dir, 'answer.json'), join(dir, 'tail.json')],
      mark: 'listening on ',
    });
    stops.push(() => orchestrator.process.stop());
    const bench: Bench = {
      dir,
      adminUrl: await startBenchPostgres(scratch),
      endpoint: orchestrator.said,
      answer,
      say,
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
    return { events, payees, ...medians(all), ...mixOf(answer), ...facts, passes: all };
  });
}

interface Bench {
  readonly dir: string;
  readonly adminUrl: string;
  readonly endpoint: string;
  readonly answer: WrittenAnswer;
  /** The compiled script that syncs. */
  readonly script: string;
  readonly say: Say;
}

/** Measures everything once, in a database of its own that is dropped in the end. */
async function runPass(bench: Bench, n: number) {
  const { adminUrl, endpoint } = bench;
  const name = `pass_${n}`;
  const stops: Scratch['stops'] = [() => onServer(adminUrl, `DROP DATABASE ${name}`)];
  const admin = openDatabase({ url: adminUrl, statementTimeoutMs: 600_000 });
  stops.push(() => closeDatabase(admin));
  try {
    const { db, url } = await createBenchDatabase(adminUrl, name, { stops });
    await openBenchSource(db, benchSource(`${endpoint}/all`));
    const figures = await measure(bench, { db, admin, url });
    return { figures, facts: await tableFacts(db) };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

interface PassDatabase {
  readonly db: Database;
  /** Connected to another database of the server, so that its work is not counted with this one's. */
  readonly admin: Database;
  readonly url: string;
}

async function measure(bench: Bench, database: PassDatabase) {
  const { answer, endpoint, dir } = bench;
  const { db, admin } = database;
  const { elements, distinct } = answer.expected;
  const sync = async (path: string, passes = 1): Promise<SyncResult> => {
    const source = benchSource(`${endpoint}${path}`);
    await moveBenchSource(db, source);
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
    eventsPerSecond,
    copyRowsPerSecond,
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
    // No manager could sync faster than this.
    postgresMicrosPerEvent: (first.postgresMs * 1_000) / elements,
    ...verdict,
  };
}

/**
 * Works out how fast the first and the last tenth went. It uses the times at which the batches' transactions began, so that
 * nothing had to be watched, and slowed down, meanwhile.
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
    answerMb: rounded(toMb(bytes)),
    mix: {
      duplicateShare: rounded(1 - distinct / elements),
      jobProcessedShare: rounded(jobs / distinct),
      aiShareOfJobs: rounded(aiJobs / jobs),
      boundShareOfAiJobs: rounded(boundAiJobs / aiJobs),
    },
  };
}

const EXACT = ['lost', 'duplicated', 'driftWei'] as const;
type ExactKey = (typeof EXACT)[number];

/** Medians over the passes, except for exactness and memory, where the worst pass counts. */
function medians(all: readonly PassFigures[]) {
  const worst = (key: ExactKey): bigint =>
    all.reduce((most, pass) => largerWei(most, BigInt(pass[key])), 0n);
  const keys = Object.keys(all[0] ?? {}) as (keyof PassFigures)[];
  const measured = keys.filter((key) => !(EXACT as readonly string[]).includes(key));
  const middles = measured.map((key) => [
    key,
    rounded(median(all.map((pass) => Number(pass[key])))),
  ]);
  return {
    ...(Object.fromEntries(middles) as Record<Exclude<keyof PassFigures, ExactKey>, number>),
    peakRssMb: rounded(Math.max(...all.map((pass) => pass.peakRssMb))),
    lost: Number(worst('lost')),
    duplicated: Number(worst('duplicated')),
    driftWei: worst('driftWei').toString(),
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
