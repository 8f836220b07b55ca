import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { ingestSaid, inventEvents, openWorld } from '../../../test/harness/event-world.js';
import { TEST_ROUND } from '../../../test/harness/money.js';
import { rebuildBalances } from '../../history/rebuild/rebuild.js';
import { reserveManual } from '../../payouts/store/reservations.js';
import { auditLedger, readAuditState } from './audit.js';
import { checkInvariants } from './invariants.js';
import { compactPostings } from './ledger-compaction.js';
import { closePiece, refuseBehind } from './ledger-pieces.js';

const MARCH = Date.parse('2026-03-13T00:00:00Z');
const SPAN = { fromMs: MARCH, count: 120, stepMs: 2_000_000 };
const PIECE = 20;
const ALWAYS = new Date('2100-01-01T00:00:00Z');

let database: TestDatabase;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'openpool-audit-'));
  database = await createTestDatabase();
  await openWorld(database.db);
});
afterEach(async () => {
  await database.close();
  await rm(dir, { recursive: true, force: true });
});

const run = async (statement: string, values: unknown[] = []) =>
  (await database.db.$client.query(statement, values)).rows;
const audit = (isWhole = false) => auditLedger(database.db, { isWhole, pieceSize: PIECE });
const codes = async (isWhole = false) => (await audit(isWhole)).map(({ code }) => code);
const compact = (before = ALWAYS) =>
  compactPostings(database.db, { before, onProgress: () => undefined });
const rebuild = () =>
  rebuildBalances(database.db, {
    ...{ archiveDir: dir, actor: 'test', apply: null, keep: false, onProgress: () => undefined },
  });
const balances = () =>
  run('SELECT account, remote_worker_id, amount_wei FROM balance ORDER BY 2, 1');
/** Adds up the amounts of each account by kind, source and terms. */
const sums = () =>
  run(`SELECT p.kind, p.source_id, p.terms_id, e.account, e.remote_worker_id, sum(e.amount_wei) AS wei
         FROM posting p JOIN ledger_entry e ON e.posting_id = p.id
        GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5`);
const pieces = async () => Number((await run('SELECT count(*) FROM ledger_piece'))[0].count);

/** Changes rows that are protected from change, as the owner of the database or a failing disk could. */
async function damage(statement: string): Promise<void> {
  await run(`ALTER TABLE ledger_entry DISABLE TRIGGER USER; ALTER TABLE posting DISABLE TRIGGER USER;
    ${statement}; ALTER TABLE posting ENABLE TRIGGER USER; ALTER TABLE ledger_entry ENABLE TRIGGER USER`);
}

async function seed(): Promise<void> {
  await ingestSaid(database.db, 'a', inventEvents(1, SPAN), 25);
  await ingestSaid(database.db, 'b', inventEvents(2, SPAN), 10);
}

describe('the audit in pieces', () => {
  it('closes pieces that are right, continues behind them, and checks the closed pieces again in turn', async () => {
    await seed();
    expect(await codes()).toEqual([]);
    const closed = await pieces();
    expect(closed).toBeGreaterThan(5);
    const [rest] = await run(
      `SELECT count(*) FROM posting WHERE id > (SELECT max(last_id) FROM ledger_piece)`,
    );
    expect(Number(rest.count)).toBeLessThan(PIECE);
    const [sum] = await run(`SELECT count(*) FROM (
      SELECT kind, account, remote_worker_id, amount_wei FROM ledger_sum EXCEPT
      SELECT p.kind, e.account, e.remote_worker_id, sum(e.amount_wei) FROM posting p JOIN ledger_entry e ON e.posting_id = p.id
       WHERE p.id <= (SELECT max(last_id) FROM ledger_piece) GROUP BY 1, 2, 3) other`);
    expect(sum.count).toBe('0');
    expect((await readAuditState(database.db)).wholeAt).toBeNull();
    for (let audits = 0; audits < Math.ceil(closed / 5) + 1; audits += 1) await audit();
    const { wholeAt, checkedAt, ok } = await readAuditState(database.db);
    expect(ok).toBe(true);
    expect(wholeAt?.getTime()).toBeLessThan(checkedAt?.getTime() ?? 0);
    await ingestSaid(database.db, 'a', inventEvents(3, { ...SPAN, count: 10 }), 5);
    expect(await codes()).toEqual([]);
  });

  it('finds a changed posting in a closed piece, both when the walk reaches that piece and by command', async () => {
    await seed();
    await audit();
    const [last] = await run('SELECT first_id FROM ledger_piece ORDER BY last_id DESC LIMIT 1');
    // Move an amount from one worker to another: the postings still sum to zero, and the balances match the checkpoint.
    const move = (wei: number) =>
      damage(`WITH two AS (
          SELECT posting_id, CASE WHEN row_number() OVER (ORDER BY posting_id) = 1 THEN ${wei} ELSE ${-wei} END AS wei
            FROM ledger_entry WHERE account = 'pending' AND posting_id >= ${last.first_id}
           ORDER BY posting_id LIMIT 2)
        UPDATE ledger_entry e SET amount_wei = amount_wei + CASE account WHEN 'pending' THEN wei ELSE -wei END
          FROM two WHERE e.posting_id = two.posting_id AND account IN ('pending', 'revenue', 'unattributed')`);
    await move(5);
    expect(await checkInvariants(database.db)).toEqual([]);
    const turns = Math.ceil((await pieces()) / 5) + 1;
    const met: string[] = [];
    for (let turn = 0; turn < turns; turn += 1) met.push(...(await codes()));
    expect(new Set(met)).toEqual(new Set(['PIECE_CHANGED']));
    const [found] = await checkInvariants(database.db);
    expect(found).toMatchObject({
      code: 'PIECE_CHANGED',
      message: expect.stringMatching(/^postings \d+ to \d+ are not what they were/),
    });
    expect(await codes(true)).toContain('PIECE_CHANGED');
    expect(await readAuditState(database.db)).toMatchObject({ ok: false });
    // Once the damage is undone, the piece is right again.
    await move(-5);
    expect(await checkInvariants(database.db)).toEqual([]);
    expect(await codes(true)).toEqual([]);
  });

  it('finds a checkpoint that was changed together with the balances', async () => {
    await seed();
    await audit();
    const change = (wei: number) =>
      run(`UPDATE ledger_sum SET amount_wei = amount_wei + ${wei} WHERE (kind, account) = ('jobs', 'commission');
           UPDATE balance SET amount_wei = amount_wei + ${wei} WHERE account = 'commission'`);
    await change(3);
    expect(await codes()).toContain('FEES_DRIFT');
    expect(await codes(true)).toContain('CHECKPOINT_DRIFT');
    expect((await checkInvariants(database.db)).map(({ code }) => code)).toContain(
      'CHECKPOINT_DRIFT',
    );
    await change(-3);
    expect(await codes(true)).toEqual([]);
  });

  it('leaves a piece open that breaks a rule, and reports it each time', async () => {
    await ingestSaid(database.db, 'a', inventEvents(1, SPAN), 25);
    await damage(
      `UPDATE ledger_entry SET amount_wei = amount_wei + 1 WHERE (posting_id, account) = (3, 'revenue')`,
    );
    for (let audits = 0; audits < 2; audits += 1) {
      expect(await codes()).toEqual(
        expect.arrayContaining(['POSTING_UNBALANCED', 'BALANCE_DRIFT']),
      );
      expect(await pieces()).toBe(0);
    }
  });

  it('closes no piece that a transaction may still write into', async () => {
    await ingestSaid(database.db, 'a', inventEvents(1, { ...SPAN, count: 5 }), 5);
    const slow = await database.db.$client.connect();
    await slow.query(`BEGIN;
      INSERT INTO posting (kind, source_id, batch, remote_worker_id, terms_id) VALUES ('jobs', 'b', 99, 1, 1)`);
    await ingestSaid(database.db, 'b', inventEvents(2, { ...SPAN, count: 1 }), 1);
    const closing = closePiece(database.db, 2);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await pieces()).toBe(0);
    await slow.query(`INSERT INTO ledger_entry SELECT (SELECT id FROM posting WHERE batch = 99), account, worker, wei
        FROM (VALUES ('revenue', 0, -7), ('pending', 1, 7)) e (account, worker, wei);
      INSERT INTO earning_day VALUES (1, '2026-01-01', 'late', 'late', 1, 0, 7, 0);
      COMMIT`);
    slow.release();
    expect(await closing).toBe(true);
    expect(await codes()).toEqual([]);
  });

  it('refuses a check that would take too long for a waiting person, and says what to do', async () => {
    await seed();
    await expect(refuseBehind(database.db, 10)).rejects.toMatchObject({ code: 'AUDIT_BEHIND' });
    await audit();
    await expect(refuseBehind(database.db, PIECE)).resolves.toBeUndefined();
  });
});

describe('compacting postings', () => {
  it('keeps every sum, and refuses any other way of deleting or changing a posting', async () => {
    await seed();
    await audit();
    const [before, sumsBefore, balancesBefore] = [
      await run('SELECT id FROM posting'),
      await sums(),
      await balances(),
    ];
    const report = await compact();
    expect(report).toMatchObject({ broken: null });
    expect(await sums()).toEqual(sumsBefore);
    expect(await balances()).toEqual(balancesBefore);
    const after = await run('SELECT id, stands_for FROM posting');
    expect(after.length).toBeLessThan(before.length * 0.7);
    expect(report.postings).toBe(before.length - after.length);
    expect(after.reduce((sum, row) => sum + Number(row.stands_for ?? 1), 0)).toBe(before.length);
    expect(await codes(true)).toEqual([]);
    expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
    expect(await compact()).toMatchObject({ pieces: 0 });
    const client = await database.db.$client.connect();
    for (const statement of [
      'DELETE FROM posting WHERE id = 1',
      'DELETE FROM ledger_entry WHERE posting_id = 1',
      'UPDATE ledger_entry SET amount_wei = amount_wei',
      'UPDATE posting SET batch = 1',
      'TRUNCATE ledger_entry',
      'TRUNCATE ledger_compaction',
      `UPDATE ledger_compaction SET sums = 'others'`,
      `BEGIN; INSERT INTO ledger_compaction (first_id, last_id) SELECT first_id, last_id FROM ledger_piece LIMIT 1;
       DELETE FROM ledger_entry WHERE posting_id = (SELECT max(id) FROM posting); COMMIT`,
      `BEGIN; INSERT INTO ledger_compaction (first_id, last_id) SELECT first_id, last_id FROM ledger_piece ORDER BY 1 LIMIT 1;
       DELETE FROM ledger_entry e USING ledger_piece WHERE posting_id BETWEEN first_id AND last_id
         AND first_id = (SELECT min(first_id) FROM ledger_piece); COMMIT`,
      `BEGIN; INSERT INTO ledger_compaction (first_id, last_id) VALUES (1, 3)`,
    ]) {
      await expect(client.query(statement), statement).rejects.toThrow('LEDGER_APPEND_ONLY');
      await client.query('ROLLBACK');
    }
    client.release();
    expect(await sums()).toEqual(sumsBefore);
  });

  it('takes whole pieces that are old enough, month by month, and none that was changed', async () => {
    await seed();
    await audit();
    expect(await compact(new Date('2020-01-01T00:00:00Z'))).toMatchObject({ pieces: 0 });
    await damage(`UPDATE posting SET reason = 'other' WHERE id = 1`);
    expect(await compact()).toMatchObject({ pieces: 0, broken: { code: 'PIECE_CHANGED' } });
    await damage('UPDATE posting SET reason = NULL WHERE id = 1');
    expect(await compact()).toMatchObject({ broken: null });
    expect(await pieces()).toBe(1);
  });

  it('agrees with the events and the audit after any sequence of credits, audits and compactions', async () => {
    const said = { a: inventEvents(7, SPAN), b: inventEvents(8, SPAN) };
    const credit = fc.record({
      kind: fc.constant('credit' as const),
      source: fc.constantFrom('a' as const, 'b' as const),
      from: fc.nat(100),
      count: fc.integer({ min: 10, max: 60 }),
      batch: fc.integer({ min: 2, max: 12 }),
    });
    const other = (...kinds: readonly ('audit' | 'compact' | 'pay' | 'whole' | 'rebuild')[]) =>
      fc.constantFrom(...kinds.map((kind) => ({ kind })));
    const step = fc.oneof(
      { weight: 5, arbitrary: credit },
      { weight: 4, arbitrary: other('audit', 'compact') },
      { weight: 2, arbitrary: other('pay', 'whole', 'rebuild') },
    );
    // All sequences share one ledger: each starts from what the earlier ones have left in it.
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 10 }), async (steps) => {
        for (const one of steps) {
          if (one.kind === 'credit') {
            const some = said[one.source].slice(one.from, one.from + one.count);
            await ingestSaid(database.db, one.source, some, one.batch);
          } else if (one.kind === 'pay') await payOne();
          else if (one.kind === 'rebuild') expect((await rebuild()).findings).toEqual([]);
          else if (one.kind === 'compact') {
            const kept = [await sums(), await balances()];
            expect((await compact()).broken).toBeNull();
            expect([await sums(), await balances()]).toEqual(kept);
          } else expect(await codes(one.kind === 'whole')).toEqual([]);
        }
        expect(await codes(true)).toEqual([]);
        expect((await rebuild()).findings).toEqual([]);
      }),
      { numRuns: 6, endOnFailure: true },
    );
    // Sequences without a compaction would prove nothing about it: one more at the end compacts what is closed.
    await compact();
    expect((await rebuild()).findings).toEqual([]);
    expect(Number((await run('SELECT count(*) FROM ledger_compaction'))[0].count)).toBeGreaterThan(
      0,
    );
  });
});

async function payOne(): Promise<void> {
  const [due] =
    await run(`SELECT w.payee FROM remote_worker w JOIN balance b ON b.remote_worker_id = w.id AND b.account = 'pending'
    WHERE NOT EXISTS (SELECT FROM payout WHERE payout.payee = w.payee AND state IN ('reserved', 'signed'))
    GROUP BY 1 HAVING sum(b.amount_wei) > 0 ORDER BY 1 LIMIT 1`);
  if (due === undefined) return;
  const asked = { actor: 'test', reason: 'test', requestId: `pay ${Math.random()}` };
  await reserveManual(
    database.db,
    { payee: due.payee, belowThreshold: true, ...asked },
    TEST_ROUND,
  );
}
