/** Measures an audit on a short and on a long ledger, and how much a day of a busy pool adds to it. */
import { auditLedger } from '../core/checks/audit/audit.js';
import { checkInvariants } from '../core/checks/audit/invariants.js';
import { compactPostings } from '../core/checks/audit/ledger-compaction.js';
import type { Database } from '../core/db/database.js';
import { ingestSaid, openWorld, payeeOf } from '../test/harness/event-world.js';
import { median, rounded, toMb, tookMs } from './figures.js';
import { createBenchDatabase, inScratch, type Say, startBenchPostgres } from './scratch.js';

export interface AuditBenchOptions {
  /** Postings at which an audit is measured, the smallest first. */
  readonly postings: readonly number[];
  /** Numbers of remote workers, each measured over a day. */
  readonly workers: readonly number[];
  readonly say: Say;
}

/** Half of a piece. An audit finds about this many postings open after the pieces that it closed. */
const OPEN = 25_000;
const WORKERS = 1_000;
const FILLED_AT_ONCE = 1_000_000;
const REPEATS = 7;
/** The ledger's growth is measured over this many passes. A day has one a minute. */
const PASSES = 30;
const PASSES_A_DAY = 1_440;

interface SizeFigures {
  readonly postings: number;
  readonly ledgerMb: number;
  /** How long the hourly audit takes. */
  readonly auditMs: number;
  /** How long a person who resumes the wallet waits for the check. */
  readonly resumeMs: number;
  /** How long the first audit takes, which closes everything. */
  readonly firstAuditSeconds: number;
  /** How long one sum over all entries takes. Before there were closed pieces, every audit took several. */
  readonly sumOfAllMs: number;
}

interface DayFigures {
  readonly workers: number;
  readonly bytesPerPosting: number;
  readonly megabytesPerDay: number;
  readonly megabytesPerDayCompacted: number;
}

export function benchAudit(options: AuditBenchOptions) {
  return inScratch('audit', async (scratch) => {
    const server = await startBenchPostgres(scratch);
    const open = async (name: string) => (await createBenchDatabase(server, name, scratch)).db;
    const days: DayFigures[] = [];
    for (const workers of options.workers) {
      days.push(await measureDay(await open(`day_${workers}`), workers));
      options.say(JSON.stringify(days.at(-1)));
    }
    const sizes = await measureSizes(options, open);
    const [first, last] = [sizes[0], sizes.at(-1)];
    const ratio = (key: 'auditMs' | 'resumeMs') =>
      rounded((last?.[key] ?? Number.NaN) / (first?.[key] ?? Number.NaN));
    return { ratioAudit: ratio('auditMs'), ratioResume: ratio('resumeMs'), sizes, days };
  });
}

/** Fills all ledgers first and then measures them in turn, so that a slow spell of the machine hits all sizes. */
async function measureSizes(
  { postings, say }: AuditBenchOptions,
  open: (name: string) => Promise<Database>,
): Promise<readonly SizeFigures[]> {
  const ledgers: { db: Database; size: number; firstMs: number }[] = [];
  for (const size of postings) {
    const db = await open(`postings_${size}`);
    await fill(db, size, say);
    const firstMs = await tookMs(() => auditLedger(db, { isWhole: false }));
    await db.$client.query('VACUUM ANALYZE ledger_piece, ledger_sum, balance');
    say(`${size} postings were closed in ${rounded(firstMs / 1_000)} s`);
    ledgers.push({ db, size, firstMs });
  }
  const times = ledgers.map(() => ({ audit: [] as number[], resume: [] as number[] }));
  for (let i = -1; i < REPEATS; i += 1) {
    for (const [n, { db }] of ledgers.entries()) {
      const audit = await tookMs(() => mustHold(auditLedger(db, { isWhole: false })));
      const resume = await tookMs(() => mustHold(checkInvariants(db)));
      if (i < 0) continue;
      times[n]?.audit.push(audit);
      times[n]?.resume.push(resume);
    }
  }
  const sizes: SizeFigures[] = [];
  for (const [n, { db, size, firstMs }] of ledgers.entries()) {
    sizes.push({
      postings: size,
      ledgerMb: Math.round(toMb(await ledgerBytes(db))),
      auditMs: Math.round(median(times[n]?.audit ?? [])),
      resumeMs: Math.round(median(times[n]?.resume ?? [])),
      firstAuditSeconds: rounded(firstMs / 1_000),
      sumOfAllMs: Math.round(
        await tookMs(() =>
          db.$client.query(
            'SELECT account, remote_worker_id, sum(amount_wei) FROM ledger_entry GROUP BY 1, 2',
          ),
        ),
      ),
    });
    say(JSON.stringify(sizes.at(-1)));
  }
  return sizes;
}

/** Fills the tables quickly: without the triggers, and without the indexes that no audit reads. */
async function fill(db: Database, postings: number, say: Say): Promise<void> {
  const client = await db.$client.connect();
  try {
    await client.query(`SET session_replication_role = replica; SET maintenance_work_mem = '256MB';
      ALTER TABLE posting DROP CONSTRAINT posting_kind_source_id_batch_remote_worker_id_terms_id_payo_key;
      ALTER TABLE decided_job DROP CONSTRAINT decided_job_posting_id_fkey;
      ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_pkey; DROP INDEX ledger_entry_by_worker;
      ALTER TABLE posting DROP CONSTRAINT posting_pkey;
      ALTER TABLE posting SET UNLOGGED; ALTER TABLE ledger_entry SET UNLOGGED;
      INSERT INTO payee (address) SELECT '0x' || lpad(to_hex(n), 40, '0') FROM generate_series(1, ${WORKERS}) n;
      INSERT INTO remote_worker (payee, node_type, region) SELECT address, 'ai', 'bench' FROM payee ORDER BY address`);
    const all = postings + OPEN;
    for (let from = 1; from <= all; from += FILLED_AT_ONCE) {
      const to = Math.min(all, from + FILLED_AT_ONCE - 1);
      await client.query(`INSERT INTO posting (id, kind, source_id, batch, remote_worker_id, terms_id) OVERRIDING SYSTEM VALUE
        SELECT n, 'jobs', 'bench', n / ${WORKERS}, 1 + n % ${WORKERS}, 1 FROM generate_series(${from}, ${to}) n`);
      await client.query(`INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
        SELECT n, account, CASE account WHEN 'pending' THEN 1 + n % ${WORKERS} ELSE 0 END, share * (100000000000 + n % 1009)
          FROM generate_series(${from}, ${to}) n, (VALUES ('commission', 1), ('pending', 3), ('revenue', -4)) side (account, share)`);
      if (to % 5_000_000 === 0) say(`${to} of ${postings} postings`);
    }
    await client.query(`INSERT INTO balance SELECT account, remote_worker_id, sum(amount_wei) FROM ledger_entry GROUP BY 1, 2;
      INSERT INTO earning_day SELECT b.remote_worker_id, '2026-01-01', '', '', 0, 0, b.amount_wei / 3 * 4, b.amount_wei / 3
        FROM balance b WHERE b.account = 'pending';
      INSERT INTO worker_earned SELECT remote_worker_id, jobs, compute_units, gross_wei, commission_wei, 0 FROM earning_day;
      INSERT INTO pool_day SELECT day, 'ai', 'bench', '', '', 0, 0, sum(gross_wei), sum(commission_wei), 0
        FROM earning_day GROUP BY day;
      ALTER TABLE posting ADD PRIMARY KEY (id);
      ALTER TABLE ledger_entry ADD PRIMARY KEY (posting_id, account, remote_worker_id);
      SELECT setval(pg_get_serial_sequence('posting', 'id'), ${all})`);
    await client.query('VACUUM ANALYZE posting, ledger_entry');
  } finally {
    client.release(true);
  }
}

/** Takes in passes as a sync does. In each of them every worker has done a job. */
async function measureDay(db: Database, workers: number): Promise<DayFigures> {
  await openWorld(db, ['a']);
  const startMs = Date.parse('2026-04-01T00:00:00Z');
  const pass = async (n: number) => {
    const jobs = Array.from({ length: workers }, (_, i) => ({
      id: n * workers + i,
      atMs: startMs + n * 60_000,
      type: 'job-processed',
      fields: { ethAddress: payeeOf(i), fees: 1_000_000_000_000_000n, computeUnits: 5 },
    }));
    await ingestSaid(db, 'a', jobs, workers);
  };
  await pass(0);
  const before = await ledgerBytes(db);
  for (let n = 1; n <= PASSES; n += 1) await pass(n);
  const bytes = ((await ledgerBytes(db)) - before) / PASSES;
  const perDay = bytes * PASSES_A_DAY;
  await auditLedger(db, { isWhole: false, pieceSize: workers });
  await compactPostings(db, { before: new Date('2100-01-01Z'), onProgress: () => undefined });
  await db.$client.query('VACUUM FULL posting, ledger_entry');
  return {
    workers,
    bytesPerPosting: Math.round(bytes / workers),
    megabytesPerDay: rounded(toMb(perDay)),
    // Compaction leaves one posting per worker and month.
    megabytesPerDayCompacted: rounded(toMb(await ledgerBytes(db)) / 30),
  };
}

async function ledgerBytes(db: Database): Promise<number> {
  const { rows } = await db.$client.query(
    `SELECT pg_total_relation_size('posting') + pg_total_relation_size('ledger_entry') AS bytes`,
  );
  return Number(rows[0]?.bytes);
}

async function mustHold(checking: ReturnType<typeof checkInvariants>): Promise<void> {
  const [first] = await checking;
  if (first !== undefined)
    throw new Error(`the bench's ledger is wrong: ${first.code} ${first.message}`);
}
