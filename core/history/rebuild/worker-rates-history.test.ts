/** Whatever the rates and the order of arrival: a job has the rate of its own time, and a rebuild comes to the same wei. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRandom, type Random } from '../../../dev/kit/random.js';
import { createTestDatabase } from '../../../test/harness/database.js';
import {
  ingestSaid,
  inventEvents,
  openWorld,
  payeeOf,
  type Said,
} from '../../../test/harness/event-world.js';
import { auditLedger } from '../../checks/audit/audit.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { compactPostings } from '../../checks/audit/ledger-compaction.js';
import type { Database } from '../../db/database.js';
import { transact } from '../../db/transact.js';
import { applyDecision } from '../../decisions/store/job-decisions.js';
import { listUnmatchedJobs } from '../../decisions/store/unmatched-job-reads.js';
import { splitFee } from '../../events/rules/commission.js';
import { recordRates, type WorkerRate } from '../../terms/store/worker-rates.js';
import { rebuildBalances } from './rebuild.js';

const MINUTE = 60_000;

const rateOf = (n: number, from: Date | null, commissionBps: number): WorkerRate => ({
  payee: payeeOf(n),
  nodeType: 'ai',
  region: 'eu',
  from,
  commissionBps,
  bonusBps: 0,
  policy: 'drawn',
  policyVersion: '1',
  optionsHash: '',
  reason: `${commissionBps} basis points`,
});

function shuffled<T>(draw: Random, items: readonly T[]): readonly T[] {
  const left = [...items];
  return items.map(() => left.splice(draw.int(0, left.length - 1), 1)[0] as T);
}

/** A history in a database of its own: chunks of events in any order, and between them rates and decisions. */
class RatedHistory {
  /** The last rate that had been recorded when a batch was credited, by source and batch. */
  private readonly lastRate = new Map<string, number>();

  constructor(
    private readonly db: Database,
    private readonly draw: Random,
    private readonly nowMs: number,
  ) {}

  async run(seed: number): Promise<void> {
    const { draw, nowMs } = this;
    const past = { fromMs: nowMs - 360 * MINUTE, count: 60, stepMs: 6 * MINUTE };
    const ahead = { fromMs: nowMs - 5 * MINUTE, count: 20, stepMs: MINUTE };
    const later = (one: Said) => ({ ...one, id: one.id + 10_000 });
    const ofA = [...inventEvents(seed, past), ...inventEvents(seed + 1, ahead).map(later)];
    const ofB = inventEvents(seed + 2, past);
    for (let n = 0; n < 10; n += 1) await this.plan([n], 40);
    for (const [sourceId, all] of [
      ['a', ofA],
      ['b', ofB],
    ] as const) {
      const said = shuffled(draw, all);
      for (let i = 0; i < said.length; i += 25) {
        const some = said.slice(Math.max(i - 5, 0), i + 25);
        await ingestSaid(this.db, sourceId, some, {
          batchSize: 10,
          resolveUnknown: () => this.replan(),
        });
        await this.replan();
      }
    }
    await this.decide();
  }

  /** Also between two batches of one reading. */
  private async replan(): Promise<void> {
    const { draw } = this;
    await this.note();
    if (draw.chance(0.6)) await this.plan([draw.int(0, 11), draw.int(0, 11)], draw.int(1, 3));
  }

  private async plan(workers: readonly number[], steps: number): Promise<void> {
    const { draw, nowMs } = this;
    const rates = workers.map((n) => {
      return Array.from({ length: steps }, () => {
        const from = draw.chance(0.2) ? null : new Date(nowMs + draw.int(-360, 30) * MINUTE);
        return rateOf(n, from, draw.int(0, 10_000));
      });
    });
    await transact(this.db, (tx) => recordRates(tx, rates.flat()));
  }

  private async decide(): Promise<void> {
    const page = { limit: 6, cursor: null };
    const { items } = await listUnmatchedJobs(this.db, { role: 'processed' }, page);
    const keys = items.map((job) => ({ ...job, dtMs: job.dt.getTime() }));
    const assignee = { payee: payeeOf(this.draw.int(0, 11)), nodeType: null, region: null };
    await applyDecision(this.db, keys, {
      assignee,
      isNewPayee: true,
      actor: 'test',
      reason: 'theirs',
      commandId: 'c',
      dryRun: false,
      mayBeGone: false,
      maxPerDayWei: 10n ** 24n,
    });
  }

  private async note(): Promise<void> {
    const { rows } = await this.db.$client.query(
      `SELECT DISTINCT source_id || '/' || batch AS key, (SELECT coalesce(max(id), 0) FROM worker_rate) AS last
         FROM pool_event`,
    );
    for (const { key, last } of rows) {
      if (!this.lastRate.has(key)) this.lastRate.set(key, Number(last));
    }
  }

  /** Works out from the recorded rows what each job should have been credited with, in the simplest way. */
  async check(): Promise<void> {
    const query = async (text: string) => (await this.db.$client.query(text)).rows;
    const all = await query(
      `SELECT id::int, payee, from_dt, commission_bps FROM worker_rate ORDER BY id`,
    );
    const jobs = await query(`
      SELECT p.source_id || '/' || p.batch AS key, w.payee, p.dt, p.gross_wei, p.commission_wei, p.rate_id::int, p.terms_id
        FROM pool_event p JOIN remote_worker w ON w.id = p.remote_worker_id WHERE p.commission_wei IS NOT NULL
      UNION ALL
      SELECT r.source_id || '/' || r.batch, w.payee, p.dt, p.gross_wei, NULL, r.rate_id::int, p.terms_id
        FROM pool_event r JOIN remote_worker w ON w.id = r.remote_worker_id
        JOIN pool_event p ON p.source_id = r.source_id AND p.dt = r.match_dt AND p.event_id = r.match_event_id
       WHERE r.gross_wei IS NULL AND r.match_dt IS NOT NULL
      UNION ALL
      SELECT NULL, w.payee, d.dt, d.gross_wei, d.commission_wei, d.rate_id::int, d.terms_id
        FROM decided_job d JOIN remote_worker w ON w.id = d.remote_worker_id`);
    const terms = new Map((await query(`SELECT * FROM terms`)).map((row) => [row.id, row]));
    const sums = new Map<string, bigint>();
    for (const job of jobs) {
      const last = job.key === null ? Number.MAX_SAFE_INTEGER : (this.lastRate.get(job.key) ?? 0);
      const due = all.findLast(
        ({ id, payee, from_dt }) => id <= last && payee === job.payee && from_dt <= job.dt,
      );
      expect(job.rate_id, `${job.payee} at ${job.dt.toISOString()}`).toBe(due?.id ?? null);
      const { commission_bps, rounding } = terms.get(job.terms_id) ?? {};
      const share = { commissionBps: due?.commission_bps ?? commission_bps, rounding };
      const dueWei = splitFee(BigInt(job.gross_wei), share).commissionWei;
      if (job.commission_wei !== null) expect(BigInt(job.commission_wei)).toBe(dueWei);
      const name = `${job.payee} ${due?.id ?? ''}`;
      sums.set(name, (sums.get(name) ?? 0n) + dueWei);
    }
    const booked = await query(`
      SELECT w.payee || ' ' || coalesce(p.rate_id::text, '') AS name, sum(e.amount_wei) AS wei
        FROM posting p JOIN ledger_entry e ON e.posting_id = p.id AND e.account = 'commission'
        JOIN remote_worker w ON w.id = p.remote_worker_id GROUP BY 1`);
    const due = [...sums].filter(([, wei]) => wei !== 0n).sort();
    expect(booked.map(({ name, wei }) => [name, BigInt(wei)]).sort()).toEqual(due);
  }
}

it('credits each job by the rate of its own time, whatever arrives in which order, and rebuilds the same', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'openpool-rates-'));
  const run = async (seed: number) => {
    const database = await createTestDatabase();
    const { db } = database;
    const rebuild = async () => {
      const order = { archiveDir: dir, actor: 'test', apply: null, keep: false };
      return (await rebuildBalances(db, { ...order, onProgress: () => undefined })).findings;
    };
    try {
      await openWorld(db);
      const history = new RatedHistory(db, createRandom(seed), Date.now());
      await history.run(seed);
      await history.check();
      expect(await checkInvariants(db)).toEqual([]);
      expect(await rebuild()).toEqual([]);
      expect(await auditLedger(db, { isWhole: true, pieceSize: 30 })).toEqual([]);
      const before = new Date('2100-01-01Z');
      const { pieces } = await compactPostings(db, { before, onProgress: () => undefined });
      expect(pieces).toBeGreaterThan(0);
      expect(await rebuild()).toEqual([]);
      expect(await auditLedger(db, { isWhole: true, pieceSize: 30 })).toEqual([]);
    } finally {
      await database.close();
    }
  };
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), run), { numRuns: 2 });
  await rm(dir, { recursive: true, force: true });
}, 60_000);
