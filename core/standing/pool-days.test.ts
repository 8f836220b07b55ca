/** What the pool earned, paid and owed day by day, on a real Postgres. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { addressOf, addWorker } from '../../test/kit/test-pool.js';
import { checkInvariants } from '../checks/audit/invariants.js';
import { rebuildBalances } from '../history/rebuild/rebuild.js';
import { dayOf } from '../payees/rules/earned-days.js';
import { owedByDay } from './rules/pool-days.js';
import { readPoolDays } from './store/pool-days.js';

const MIGRATION = new URL('../db/migrations/0044_add_up_what_is_paid_by_day.sql', import.meta.url);
const DAY_MS = 86_400_000;
const nowMs = Date.now();
const daysAgo = (days: number) => dayOf(nowMs - days * DAY_MS);

describe('what is owed at the end of a day', () => {
  it('grows by what is earned and falls by what is paid, and is what is owed now on the last', () => {
    const wei = fc.bigInt({ min: 0n, max: 10n ** 24n });
    const moves = fc.array(fc.record({ netWei: wei, paidWei: wei }), {
      minLength: 1,
      maxLength: 90,
    });
    fc.assert(
      fc.property(moves, wei, (moved, owedNowWei) => {
        const days = owedByDay(
          moved.map((one, n) => ({ ...one, jobs: 1, day: String(n) })),
          owedNowWei,
        );
        expect(days.at(-1)?.owedWei).toBe(owedNowWei);
        for (const [n, { netWei, paidWei, owedWei }] of days.entries()) {
          const before = days[n - 1];
          if (before !== undefined) expect(owedWei).toBe(before.owedWei + netWei - paidWei);
        }
      }),
    );
  });
});

describe('the days of the pool', () => {
  let database: TestDatabase;
  let workers: readonly [number, number];
  beforeEach(async () => {
    database = await createTestDatabase();
    const worker = (n: number) =>
      addWorker(database.db, {
        payee: addressOf(n),
        jobs: 3,
        pendingWei: 1000n,
      });
    workers = [await worker(1), await worker(2)];
  });
  afterEach(() => database.close());

  const run = async (statement: string, values: unknown[] = []) =>
    (await database.db.$client.query(statement, values)).rows;
  const kept = () => run('SELECT day::text, paid_wei FROM paid_day ORDER BY day');
  const codes = async (withEvents = false) =>
    (await checkInvariants(database.db, { withEvents }))
      .map(({ code }) => code)
      .filter((code) => code.startsWith('PAID'));

  /** Books a payment of both workers at noon of a past day, or takes one back. */
  async function pay(day: string, wei: number): Promise<void> {
    const [made] = await run(
      `INSERT INTO posting (kind, reference, created_at) VALUES ('adopt', $1, $2) RETURNING id`,
      [Math.random(), `${day}T12:00:00Z`],
    );
    await run(
      `INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
       SELECT $1, account, worker, sign * $3::numeric
         FROM unnest($2::bigint[]) w (worker), (VALUES ('pending', -1), ('paid', 1)) s (account, sign)`,
      [made.id, workers, wei],
    );
  }

  it('say what was paid on each, with what a reorg took back, and what was owed at its end', async () => {
    await pay(daysAgo(3), 100);
    await pay(daysAgo(3), 20);
    await pay(daysAgo(1), -20);
    const days = await readPoolDays(database.db, { days: 7, nowMs });
    expect(days.map(({ day }) => day)).toEqual([6, 5, 4, 3, 2, 1, 0].map(daysAgo));
    expect(days.map(({ paidWei }) => paidWei)).toEqual([0n, 0n, 0n, 240n, 0n, -40n, 0n]);
    expect(days.at(-1)?.owedWei).toBe(1800n);
    expect(days.at(-2)?.owedWei).toBe(1800n - (days.at(-1)?.netWei ?? 0n));
    const moved = days.reduce((sum, { netWei, paidWei }) => sum + netWei - paidWei, 0n);
    const [first] = days;
    expect((first?.owedWei ?? 0n) - (first?.netWei ?? 0n) + moved).toBe(1800n);
    expect(await codes(true)).toEqual([]);
  });

  it('are held by the audit, which a rebuild satisfies again', async () => {
    await pay(daysAgo(3), 100);
    await pay(daysAgo(1), 30);
    const right = await kept();
    await run(`UPDATE paid_day SET paid_wei = paid_wei + 1 WHERE day = $1`, [daysAgo(1)]);
    expect(await codes()).toEqual(['PAID_DAYS_DRIFT']);
    await run(`UPDATE paid_day SET paid_wei = paid_wei - 1 WHERE day = $1`, [daysAgo(3)]);
    expect(await codes()).toEqual([]);
    expect(await codes(true)).toEqual(['PAID_DAYS_CHANGED', 'PAID_DAYS_CHANGED']);
    const apply = { actor: 'ann', reason: 'the days are wrong', allowDebt: true };
    await rebuildBalances(database.db, {
      archiveDir: tmpdir(),
      actor: 'ann',
      apply,
      keep: false,
      onProgress: () => undefined,
    });
    expect(await codes(true)).toEqual([]);
    expect(await kept()).toEqual(right);
  });

  it('of a ledger with a history are filled by the migration', async () => {
    await pay(daysAgo(3), 100);
    await pay(daysAgo(3), -50);
    await pay(daysAgo(1), 30);
    const right = await kept();
    await run(`DROP TABLE paid_day; DROP TRIGGER paid_days_posted ON ledger_entry;
      DROP FUNCTION paid_days_posted`);
    await run(readFileSync(MIGRATION, 'utf8'));
    expect(await kept()).toEqual(right);
  });
});
