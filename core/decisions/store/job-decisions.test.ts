import { sql } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../dev/kit/process.js';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { ingest, owed, processedJob, receivedJob } from '../../../test/harness/jobs.js';
import { recordTerms } from '../../../test/harness/terms.js';
import type { Address } from '../../base/address.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { query } from '../../db/query.js';
import { registerSources } from '../../events/store/sources/source-register.js';
import { listAuditLog } from '../../ledger/store/audit-log-reads.js';
import type { JobKey } from '../rules/job-handle.js';
import type { Assignee } from '../rules/job-share.js';
import { applyDecision, type JobDecision } from './job-decisions.js';
import { listUnmatchedJobs } from './unmatched-job-reads.js';

const T0 = Date.parse('2026-03-01T12:00:00Z');
const MINUTE = 60_000;
const ALICE: Address = `0x${'a1'.repeat(20)}`;
const BOB: Address = `0x${'b0'.repeat(20)}`;
const SOURCE = 'orch';
const to = (payee: Address, place: Partial<Assignee> = {}): Assignee => ({
  ...{ payee, nodeType: null, region: null, ...place },
});
const keyOf = (eventId: string, dtMs = T0): JobKey => ({ sourceId: SOURCE, dtMs, eventId });

let database: TestDatabase;
let commands = 0;

function decision(assignee: Assignee | null, changes: Partial<JobDecision> = {}): JobDecision {
  commands += 1;
  return {
    ...{ actor: 'ann', reason: 'he told me', assignee, isNewPayee: true, dryRun: false },
    ...{ commandId: `command ${commands}`, mayBeGone: false, maxPerDayWei: 10n ** 18n, ...changes },
  };
}

const waiting = async () =>
  (
    await listUnmatchedJobs(database.db, { role: 'processed' }, { limit: 200, cursor: null })
  ).items.map(({ eventId, reason }) => `${eventId} ${reason}`);
const sound = async () =>
  expect(await checkInvariants(database.db, { withEvents: true })).toEqual([]);

describe('a decision about unattributed jobs', () => {
  beforeEach(async () => {
    database = await createTestDatabase(20);
    const terms = { thresholdWei: 1n, minIntervalMs: 0 };
    await recordTerms(database.db, { ...terms, commissionBps: 2_500 });
    await recordTerms(database.db, { ...terms, commissionBps: 1_000 }, new Date(T0 + MINUTE));
    const place = { kind: 'k', region: 'eu', nodeType: 'ai', from: null } as const;
    await registerSources(
      database.db,
      [SOURCE, 'other'].map((id) => ({ ...place, id, readsFrom: id })),
    );
  });
  afterEach(() => database.close());

  const job = (eventId: string, dtMs: number, requestId: string | null, grossWei: bigint) =>
    ingest(database.db, SOURCE, [processedJob(eventId, dtMs, { requestId, grossWei })]);
  const half = (eventId: string, dtMs: number, requestId: string, payee: Address | null) =>
    ingest(database.db, SOURCE, [receivedJob(eventId, dtMs, { requestId, payee })]);

  it('assigns by the terms of the job’s own time, in a posting that names the job', async () => {
    await job('1', T0, 'r1', 1_001n);
    await job('2', T0 + MINUTE, 'r2', 1_000n);
    const keys = [keyOf('1'), keyOf('2', T0 + MINUTE)];
    const decided = await applyDecision(database.db, keys, decision(to(ALICE)));
    expect(decided).toMatchObject({ already: 0, jobs: [{ netWei: 751n }, { netWei: 900n }] });
    expect(await owed(database.db)).toEqual({ [ALICE]: 1_651n, commission: 350n });
    expect(await waiting()).toEqual([]);
    const postings = await query(
      database.db,
      sql`SELECT kind, source_id, reference, reason FROM posting WHERE kind = 'assign' ORDER BY id`,
    );
    expect(postings).toEqual([
      {
        ...{ kind: 'assign', source_id: SOURCE, reason: 'he told me' },
        reference: 'orch/2026-03-01T12:00:00Z/1',
      },
      {
        ...{ kind: 'assign', source_id: SOURCE, reason: 'he told me' },
        reference: 'orch/2026-03-01T12:01:00Z/2',
      },
    ]);
    const [worker] = await query(
      database.db,
      sql`SELECT node_type, region, jobs, compute_units FROM remote_worker`,
    );
    expect(worker).toEqual({ node_type: 'ai', region: 'eu', jobs: '2', compute_units: '14' });
    const log = await listAuditLog(database.db, { limit: 1, cursor: null });
    expect(log.items).toMatchObject([
      { actor: 'ann', action: 'unattributed.assign', reason: 'he told me', subject: '2 jobs' },
    ]);
    await sound();
  });

  it('books an absorbed job as commission', async () => {
    await job('1', T0, null, 900n);
    await applyDecision(database.db, [keyOf('1')], decision(null));
    expect(await owed(database.db)).toEqual({ commission: 900n });
    await sound();
  });

  it('decides a job without a fee: it is counted, but gets no posting of zeros', async () => {
    await job('1', T0, 'r1', 0n);
    await job('2', T0, 'r2', 0n);
    await applyDecision(database.db, [keyOf('1')], decision(to(ALICE)));
    await applyDecision(database.db, [keyOf('2')], decision(null));
    expect(await waiting()).toEqual([]);
    const [worker] = await query(database.db, sql`SELECT jobs, zero_fee_jobs FROM remote_worker`);
    expect(worker).toEqual({ jobs: '1', zero_fee_jobs: '1' });
    expect(await query(database.db, sql`SELECT id FROM posting`)).toEqual([]);
    await sound();
  });

  it('changes nothing in a dry run', async () => {
    await job('1', T0, 'r1', 1_000n);
    const look = decision(to(ALICE), { dryRun: true });
    const seen = await applyDecision(database.db, [keyOf('1')], look);
    expect(seen.jobs).toMatchObject([{ netWei: 750n, worker: { payee: ALICE, region: 'eu' } }]);
    expect(await owed(database.db)).toEqual({ unattributed: 1_000n });
    expect(await query(database.db, sql`SELECT address FROM payee`)).toEqual([]);
  });

  it('credits nobody again when the received half arrives later, and matches that half to no other job', async () => {
    await job('1', T0, 'r1', 1_000n);
    await applyDecision(database.db, [keyOf('1')], decision(to(ALICE)));
    await half('2', T0 + 1_000, 'r1', BOB);
    expect(await owed(database.db)).toEqual({ [ALICE]: 750n, commission: 250n });
    // Another job with the same request id, half an hour later.
    await job('3', T0 + 30 * MINUTE, 'r1', 5_000n);
    expect(await waiting()).toEqual(['3 ambiguous']);
    expect((await owed(database.db))[BOB]).toBeUndefined();
    await sound();
  });

  it('leaves a received half outside of the matching window to its own job', async () => {
    await job('1', T0, 'r1', 1_000n);
    await applyDecision(database.db, [keyOf('1')], decision(null));
    await half('2', T0 + 90 * MINUTE, 'r1', BOB);
    await job('3', T0 + 91 * MINUTE, 'r1', 1_000n);
    expect(await owed(database.db)).toEqual({ [BOB]: 900n, commission: 1_100n });
    await sound();
  });

  it('is harmless when repeated, and refuses to be contradicted', async () => {
    await job('1', T0, 'r1', 1_000n);
    const one = [keyOf('1')];
    const first = decision(to(ALICE));
    await applyDecision(database.db, one, first);
    // The same run finds its own work after a crash.
    expect(await applyDecision(database.db, one, first)).toEqual({ jobs: [], already: 0 });
    expect(await applyDecision(database.db, one, decision(to(ALICE)))).toEqual({
      ...{ jobs: [], already: 1 },
    });
    for (const other of [to(BOB), to(ALICE, { region: 'us' }), null]) {
      await expect(applyDecision(database.db, one, decision(other))).rejects.toMatchObject({
        code: 'JOB_ALREADY_DECIDED',
        message: expect.stringContaining(`assigned to ${ALICE}`),
      });
    }
    expect(await owed(database.db)).toEqual({ [ALICE]: 750n, commission: 250n });
    await sound();
  });

  it('refuses jobs that were credited or never existed, and payees that nobody has seen, and names them', async () => {
    await job('1', T0, 'r1', 1_000n);
    await half('2', T0, 'r1', ALICE);
    await job('3', T0, 'r3', 1_000n);
    const decide = (keys: readonly JobKey[], order: JobDecision) =>
      applyDecision(database.db, keys, order);
    await expect(decide([keyOf('1')], decision(null))).rejects.toMatchObject({
      code: 'JOB_ALREADY_CREDITED',
    });
    for (const unknown of [keyOf('9'), keyOf('2'), keyOf('3', T0 + 1)]) {
      // One of the two jobs exists, but the decision takes all or none.
      const both = [keyOf('3'), unknown];
      await expect(decide(both, decision(null))).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    }
    const strange = decision(to(BOB), { isNewPayee: false });
    await expect(decide([keyOf('3')], strange)).rejects.toMatchObject({ code: 'PAYEE_UNKNOWN' });
    const mistyped = decision(to(ALICE, { region: 'ue' }), { isNewPayee: false });
    await expect(decide([keyOf('3')], mistyped)).rejects.toMatchObject({
      code: 'WORKER_NOT_NAMED',
      message: expect.stringContaining('as ai in ue, but as ai in eu'),
    });
    await decide([keyOf('3')], decision(to(ALICE), { isNewPayee: false }));
    expect(await owed(database.db)).toEqual({ [ALICE]: 1_500n, commission: 500n });
  });

  it('lets only one of several operators decide a job when all do so at once', async () => {
    for (let i = 0; i < 20; i += 1) await job(String(i), T0, `r${i}`, 1_000n);
    const keys = Array.from({ length: 20 }, (_, i) => keyOf(String(i)));
    const payees = [ALICE, BOB, ALICE, BOB];
    const tries = await Promise.allSettled(
      payees.map((payee) => applyDecision(database.db, keys, decision(to(payee)))),
    );
    const done = tries.filter((one) => one.status === 'fulfilled' && one.value.jobs.length > 0);
    expect(done).toHaveLength(1);
    const sums = await owed(database.db);
    expect((sums[ALICE] ?? 0n) + (sums[BOB] ?? 0n)).toBe(15_000n);
    await sound();
  });

  it('credits a job once when its received half arrives at the same moment', async () => {
    const events = Array.from({ length: 24 }, (_, i) =>
      processedJob(String(i), T0, { requestId: `r${i}`, grossWei: 1_000n }),
    );
    await ingest(database.db, SOURCE, events);
    const halves = async () => {
      for (let i = 0; i < 24; i += 1) await half(`h${i}`, T0, `r${i}`, BOB);
    };
    const decisions = async () => {
      for (let i = 23; i >= 0; i -= 1) {
        const order = decision(i % 2 === 0 ? to(ALICE) : null, { mayBeGone: true });
        await applyDecision(database.db, [keyOf(String(i))], order);
      }
    };
    await Promise.all([halves(), decisions()]);
    expect(await waiting()).toEqual([]);
    const { [ALICE]: alice = 0n, [BOB]: bob = 0n, commission = 0n } = await owed(database.db);
    expect(alice + bob + commission).toBe(24_000n);
    expect(bob).toBeGreaterThan(0n);
    expect(commission).toBeGreaterThan((alice + bob) / 3n);
    await sound();
  });

  it('waits for a batch of the source that is being stored, and then sees what that batch credited', async () => {
    await job('1', T0, 'r1', 1_000n);
    const batch = await database.db.$client.connect();
    await batch.query('BEGIN');
    await batch.query(`SELECT FROM source WHERE id = '${SOURCE}' FOR UPDATE`);
    const deciding = applyDecision(database.db, [keyOf('1')], decision(to(ALICE)));
    const outcome = deciding.then(
      () => 'decided',
      (error: unknown) => error,
    );
    await waitUntil({
      ...{ what: 'the decision to wait', timeoutMs: 10_000, intervalMs: 20 },
      ready: async () => {
        const { rows } = await database.db.$client.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database()
              AND wait_event_type = 'Lock' AND query LIKE '%FROM source%'`,
        );
        return rows.length > 0;
      },
    });
    // Do what the batch does when the received half has arrived.
    await batch.query('DELETE FROM unmatched_job');
    await batch.query('COMMIT');
    batch.release();
    expect(await outcome).toMatchObject({ code: 'JOB_ALREADY_CREDITED' });
    expect((await owed(database.db))[ALICE]).toBeUndefined();
  });

  it('lists who may have done a job: the open received halves with its request id', async () => {
    await job('1', T0, 'r1', 1_000n);
    await half('2', T0 + 90 * MINUTE, 'r1', BOB);
    await half('3', T0 - 61 * MINUTE, 'r1', ALICE);
    await half('4', T0 - 61 * MINUTE, 'r2', ALICE);
    const page = { limit: 10, cursor: null };
    const list = (filter: object) =>
      listUnmatchedJobs(database.db, { role: 'processed', ...filter }, page);
    const { items } = await list({ requestId: 'r1', before: new Date(T0 + 1) });
    expect(items).toMatchObject([
      {
        eventId: '1',
        candidates: [
          { payee: ALICE, eventId: '3', nodeType: 'ai', region: 'eu' },
          { payee: BOB, eventId: '2', dt: new Date(T0 + 90 * MINUTE) },
        ],
      },
    ]);
    expect((await list({ before: new Date(T0) })).items).toEqual([]);
    expect((await list({ sourceId: 'other' })).items).toEqual([]);
  });

  it('is protected: when the tables contradict it, the audit reports that', async () => {
    const found = async (...statements: readonly string[]) => {
      const codes = new Set<string>();
      await database.db
        .transaction(async (tx) => {
          for (const statement of statements) await tx.execute(statement);
          for (const { code } of await checkInvariants(tx)) codes.add(code);
          throw new Error('as it was');
        })
        .catch(() => undefined);
      return [...codes].sort();
    };
    const posting = (kind: string, from: string, to: string): string => `
      WITH made AS (INSERT INTO posting (kind, reference) VALUES ('${kind}', 'x') RETURNING id)
      INSERT INTO ledger_entry (posting_id, account, amount_wei)
      SELECT id, account, wei FROM made, (VALUES ('${from}', -5), ('${to}', 5)) AS k (account, wei)`;
    await job('1', T0, 'r1', 1_000n);
    await job('2', T0, 'r2', 1_000n);
    await applyDecision(database.db, [keyOf('1')], decision(null));
    expect(await found()).toEqual([]);
    const again = `INSERT INTO unmatched_job (source_id, dt, event_id, role, gross_wei, reason)
      SELECT source_id, dt, event_id, 'processed', 0, 'no-other-half' FROM decided_job`;
    expect(await found(again)).toEqual(['DECIDED_TWICE']);
    expect(await found('DELETE FROM unmatched_job')).toEqual(['UNATTRIBUTED_DRIFT']);
    expect(await found(posting('absorb', 'unattributed', 'commission'))).toEqual([
      ...['DECIDED_DRIFT', 'UNATTRIBUTED_DRIFT'],
    ]);
    expect(await found(posting('jobs', 'revenue', 'adjustment'))).toEqual([
      ...['FEES_DRIFT', 'POSTING_ACCOUNT'],
    ]);
  });
});
