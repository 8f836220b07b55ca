import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import { TEST_ROUND } from '../../../test/harness/money.js';
import { rehearse, transact } from '../../db/transact.js';
import { listAuditLog } from '../../ledger/store/audit-log-reads.js';
import { readDueRules } from '../../payouts/store/payee-standings.js';
import { type TermsFile, type TermsValues, termsAt } from '../rules/terms.js';
import {
  changeTerms,
  findTermsInForce,
  openTerms,
  readTermsHistory,
  type TermsOrder,
} from './recorded-terms.js';
import { forgetFile, keepFile, runningFiles } from './worker-terms.js';

const VALUES: TermsValues = {
  ...{ commissionBps: 2_500, thresholdWei: 5n * 10n ** 15n, minIntervalMs: 3_600_000 },
  rounding: 'commission-floor',
  policy: null,
};
const FIVE = { ...VALUES, commissionBps: 500 };
const HOUR = 3_600_000;

let database: TestDatabase;
const file = (values: TermsValues, named: string | number | null = null): TermsFile => ({
  values,
  namedMs: named === null ? null : new Date(named).getTime(),
});
const start = (values: TermsValues, named: string | number | null = null) =>
  openTerms(database.db, file(values, named), 'host/1');
const order = (changes: Partial<TermsValues>, from: Date | null = null): TermsOrder => ({
  ...{ changes, from, actor: 'cli', reason: 'a better offer' },
});
const act = (changes: Partial<TermsValues>, from: Date | null = null) =>
  transact(database.db, (tx) => changeTerms(tx, order(changes, from)));
const history = () => readTermsHistory(database.db);
const commission = async () => (await history()).inForce.commissionBps;
const audit = async () =>
  (await listAuditLog(database.db, { limit: 100, cursor: null })).items
    .filter(({ action }) => action === 'terms.change')
    .reverse();
const inAnHour = () => new Date(Date.now() + HOUR);

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.close());

describe('a worker that starts', () => {
  it('records the terms of the first file from the beginning, and nothing of a file that differs', async () => {
    expect(await start(VALUES)).toMatchObject({ verdict: { kind: 'agrees' }, recorded: null });
    expect(await start(FIVE)).toMatchObject({ verdict: { kind: 'undated' }, recorded: null });
    const { versions } = await history();
    expect(versions).toMatchObject([{ ...VALUES, fromMs: 0, isWithdrawn: false }]);
    expect(await audit()).toEqual([]);
  });

  it('carries out an act of its file once, with its line in the audit log, and an older file undoes nothing', async () => {
    await start(VALUES);
    const before = Date.now();
    const { recorded } = await start(FIVE, '2026-11-01T00:00:00Z');
    // The act's time has passed, so the terms hold from now on and not from that time.
    expect(recorded?.fromMs).toBeGreaterThanOrEqual(before);
    for (const old of [file(VALUES), file(VALUES, '2026-10-31T00:00:00Z')]) {
      const again = await openTerms(database.db, old, 'host/2');
      expect(again).toMatchObject({ verdict: { kind: 'older' }, recorded: null, inForce: FIVE });
    }
    expect(await start(FIVE, '2026-11-01T00:00:00Z')).toMatchObject({ recorded: null });
    expect(await start(FIVE)).toMatchObject({ verdict: { kind: 'agrees' } });
    expect(await audit()).toMatchObject([
      {
        ...{ actor: 'configuration', subject: String(recorded?.id) },
        reason: 'pool.termsFrom: 2026-11-01T00:00:00.000Z in the configuration of host/1',
        detail: {
          ...{ change: 'commission 25% → 5%', named: '2026-11-01T00:00:00.000Z' },
          old: expect.stringContaining('commission 25%, threshold 0.005 ETH'),
          new: expect.stringContaining('commission 5%, threshold 0.005 ETH'),
        },
      },
    ]);
  });

  it('returns to earlier terms on purpose, with a new date', async () => {
    await start(VALUES, '2026-01-01T00:00:00Z');
    await start(FIVE, '2026-02-01T00:00:00Z');
    await start(VALUES, '2026-03-01T00:00:00Z');
    expect(await commission()).toBe(2_500);
    await start(FIVE, '2026-02-01T00:00:00Z');
    expect(await commission()).toBe(2_500);
  });

  it('is refused when its date belongs to other terms, and the error shows both', async () => {
    await start(VALUES, '2026-01-01T00:00:00Z');
    await expect(start(FIVE, '2026-01-01T00:00:00Z')).rejects.toMatchObject({
      code: 'TERMS_FROM_TAKEN',
      message: expect.stringMatching(
        /2026-01-01.*recorded are commission 25%.*asked for are commission 5%/,
      ),
    });
    expect((await history()).versions).toHaveLength(1);
  });

  it('announces future terms, while those in force hold until then', async () => {
    const from = inAnHour();
    await start(VALUES, from.getTime());
    expect((await history()).versions).toMatchObject([
      { fromMs: 0, namedMs: 0 },
      { ...VALUES, fromMs: from.getTime() },
    ]);
    const { recorded } = await start(FIVE, from.getTime() + 1);
    expect(recorded).toMatchObject({ ...FIVE, fromMs: from.getTime() + 1 });
    expect(await commission()).toBe(2_500);
    // Until then both files are right.
    expect(await start(FIVE)).toMatchObject({ verdict: { kind: 'agrees' } });
    expect(await start(VALUES)).toMatchObject({ verdict: { kind: 'agrees' } });
  });

  it('creates one version when several start at once, whatever their files say', async () => {
    const starts = Array.from({ length: 6 }, (_, i) => start({ ...VALUES, commissionBps: i }));
    await Promise.all(starts);
    expect((await history()).versions).toHaveLength(1);
    const acts = Array.from({ length: 6 }, () => start(FIVE, '2026-11-01T00:00:00Z'));
    const made = (await Promise.all(acts)).filter(({ recorded }) => recorded !== null);
    expect(made).toHaveLength(1);
  });
});

describe('a person who changes the terms', () => {
  it('is refused before the first start', async () => {
    await expect(act({ commissionBps: 1 })).rejects.toMatchObject({ code: 'TERMS_UNKNOWN' });
    expect(await findTermsInForce(database.db)).toBeUndefined();
  });

  it('changes only the named values, from now on, and every reader sees them', async () => {
    await start(VALUES);
    const { changed, after } = await act({ commissionBps: 500, rounding: 'net-floor' });
    expect(changed).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const due = { ...FIVE, rounding: 'net-floor' };
    expect((await history()).inForce).toMatchObject({ ...due, id: after.id });
    expect(await findTermsInForce(database.db)).toMatchObject(due);
    expect((await readDueRules(database.db, TEST_ROUND)).terms.thresholdWei).toBe(
      VALUES.thresholdWei,
    );
    expect(await act({ commissionBps: 500 })).toMatchObject({ changed: false });
    expect(await audit()).toMatchObject([
      {
        ...{ actor: 'cli', reason: 'a better offer', subject: String(after.id) },
        detail: { change: 'commission 25% → 5%, rounding commission-floor → net-floor' },
      },
    ]);
  });

  it('cannot change the past, nor use one time for two acts', async () => {
    await start(VALUES);
    await expect(act({ commissionBps: 1 }, new Date(Date.now() - 1_000))).rejects.toMatchObject({
      code: 'TERMS_FROM_PAST',
    });
    const from = inAnHour();
    await act({ commissionBps: 500 }, from);
    await expect(act({ commissionBps: 600 }, from)).rejects.toMatchObject({
      code: 'TERMS_FROM_TAKEN',
    });
    expect(await act({ commissionBps: 500 }, from)).toMatchObject({ changed: false });
  });

  it('cannot set a commission where the pool shares what it redeems', async () => {
    const options = { revenueShare: { shareBps: 7_500, everyMs: 86_400_000 } };
    const shared = { commissionBps: 10_000, policy: { module: null, options, hash: 's' } };
    await start({ ...VALUES, ...shared });
    await expect(act({ commissionBps: 2_500 })).rejects.toMatchObject({
      code: 'TERMS_SHARE_REVENUE',
    });
    expect(await act({ rounding: 'net-floor' })).toMatchObject({ changed: true });
  });

  it('withdraws what an earlier act announced; nothing else is ever withdrawn', async () => {
    await start(VALUES);
    const from = inAnHour();
    const announced = await act({ commissionBps: 9_900 }, from);
    const { withdrawn } = await act({ commissionBps: 2_500 });
    expect(withdrawn.map(({ id }) => id)).toEqual([announced.after.id]);
    const { versions } = await history();
    expect(termsAt(versions, from.getTime() + HOUR).commissionBps).toBe(2_500);
    expect((await audit()).at(-1)?.detail).toMatchObject({
      withdrawn: expect.stringContaining('commission 99%'),
    });
    // A file that has the announced values, with or without its time, does not announce them again.
    expect(await start({ ...VALUES, commissionBps: 9_900 }, from.getTime())).toMatchObject({
      verdict: { kind: 'older' },
    });
  });

  it('sees in a dry run what an act would do, and nothing is stored', async () => {
    await start(VALUES);
    const would = await rehearse(database.db, (tx) => changeTerms(tx, order({ commissionBps: 1 })));
    expect(would).toMatchObject({ changed: true, after: { commissionBps: 1 } });
    expect((await history()).versions).toHaveLength(1);
    expect(await audit()).toEqual([]);
  });
});

describe('recorded terms', () => {
  it('are never changed or removed, not even by hand', async () => {
    await start(VALUES);
    const run = (statement: string) => database.db.$client.query(statement);
    const never = /never changed/;
    await expect(run('UPDATE terms SET commission_bps = 1')).rejects.toThrow(never);
    await expect(run(`UPDATE terms SET rounding = 'net-floor'`)).rejects.toThrow(never);
    await expect(run('DELETE FROM terms')).rejects.toThrow(never);
  });

  it('have the original rounding when they are older than the choice of a rounding', async () => {
    const name = `terms_${randomUUID().replaceAll('-', '')}`;
    const { db } = database;
    await db.$client.query(`CREATE DATABASE ${name} TEMPLATE template0`);
    const url = new URL(database.url);
    url.pathname = `/${name}`;
    const old = new Client({ connectionString: url.href });
    await old.connect();
    try {
      const folder = new URL('../../db/migrations/', import.meta.url);
      const files = (await readdir(folder)).filter((one) => one.endsWith('.sql')).sort();
      const own = '0015_date_the_terms.sql';
      for (const one of files.filter((file) => file < own)) {
        await old.query(await readFile(new URL(one, folder), 'utf8'));
      }
      await old.query(`INSERT INTO terms (from_dt, commission_bps, threshold_wei, min_interval_ms)
        VALUES ('1970-01-01Z', 2500, 1, 0), ('2026-01-01Z', 500, 1, 0)`);
      await old.query(await readFile(new URL(own, folder), 'utf8'));
      const { rows } = await old.query(
        'SELECT rounding, named_from, withdrawn_at FROM terms ORDER BY from_dt',
      );
      const kept = { rounding: 'commission-floor', named_from: null, withdrawn_at: null };
      expect(rows).toEqual([kept, kept]);
    } finally {
      await old.end();
      await db.$client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  });

  it('cannot be added by a worker of the previous version', async () => {
    const insert = `INSERT INTO terms (from_dt, commission_bps, threshold_wei, min_interval_ms)
      VALUES (now(), 2500, 0, 0)`;
    await expect(database.db.$client.query(insert)).rejects.toThrow(/rounding/);
  });
});

/** One step of a history: a replica restarts with its file, or a person acts. Times are in milliseconds around now. */
type Step =
  | { readonly kind: 'restart'; readonly replica: number }
  | {
      readonly kind: 'edit';
      readonly replica: number;
      readonly bps: number;
      readonly atMs: number | null;
    }
  | { readonly kind: 'command'; readonly bps: number; readonly aheadMs: number | null };

const replica = fc.integer({ min: 0, max: 1 });
const bps = fc.constantFrom(2_500, 500, 1_000);
const aheadMs = fc.option(fc.integer({ min: 60_000, max: 60_010 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('restart' as const), replica }),
  fc.record({
    ...{ kind: fc.constant('edit' as const), replica, bps },
    atMs: fc.option(fc.integer({ min: -5, max: 60_010 })),
  }),
  fc.record({ kind: fc.constant('command' as const), bps, aheadMs }),
);

interface KeptAct {
  readonly fromMs: number;
  readonly namedMs: number;
  readonly commissionBps: number;
}

describe('two replicas with files of their own, restarted in any order between acts', () => {
  it('change the terms only by a new act, and the terms of the newest act hold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const own = await createTestDatabase();
        try {
          await walk(own, steps);
        } finally {
          await own.close();
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  async function walk({ db }: TestDatabase, steps: readonly Step[]): Promise<void> {
    const t0 = Date.now();
    const files: TermsFile[] = [file(VALUES), file(FIVE)];
    const acts: KeptAct[] = [{ fromMs: 0, namedMs: 0, commissionBps: 2_500 }];
    /** All times that were used, including those of acts that were withdrawn. */
    const used = new Set([0]);
    await openTerms(db, file(VALUES), 'first');
    for (const one of steps) {
      if (one.kind === 'edit') {
        const values = { ...VALUES, commissionBps: one.bps };
        files[one.replica] = file(values, one.atMs === null ? null : t0 + one.atMs);
      }
      if (one.kind === 'command') {
        const from = one.aheadMs === null ? null : new Date(t0 + one.aheadMs);
        const changes = { commissionBps: one.bps };
        const made = await transact(db, (tx) => changeTerms(tx, order(changes, from))).catch(
          (error: unknown) => {
            expect(error).toMatchObject({ code: 'TERMS_FROM_TAKEN' });
            return null;
          },
        );
        if (made?.changed === true) {
          const { fromMs, namedMs } = made.after;
          // An act sets what holds from its time on, and withdraws all that was announced for later.
          const kept = acts.filter((earlier) => earlier.fromMs < fromMs);
          acts.splice(0, acts.length, ...kept, { fromMs, namedMs, commissionBps: one.bps });
          used.add(namedMs);
        }
        continue;
      }
      const said = files[one.replica] ?? file(VALUES);
      const isAct =
        said.namedMs !== null &&
        !used.has(said.namedMs) &&
        acts.every(({ namedMs }) => namedMs < (said.namedMs ?? 0));
      const opened = await openTerms(db, said, 'replica').catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'TERMS_FROM_TAKEN' });
        return null;
      });
      expect((opened?.recorded ?? null) !== null).toBe(isAct);
      if (opened?.recorded) {
        const { fromMs, namedMs, commissionBps } = opened.recorded;
        acts.push({ fromMs, namedMs, commissionBps });
        used.add(namedMs);
      }
      const { versions, now } = await readTermsHistory(db);
      for (const atMs of [now.getTime(), ...acts.map(({ fromMs }) => fromMs), t0 + HOUR]) {
        const due = acts.findLast(({ fromMs }) => fromMs <= atMs)?.commissionBps;
        expect(termsAt(versions, atMs).commissionBps).toBe(due);
      }
    }
  }
});

describe('the files of running workers', () => {
  it('are listed while their workers report, and deleted when they stop or are gone', async () => {
    const { db } = database;
    const dated = file(FIVE, '2026-02-01T00:00:00Z');
    await keepFile(db, 'one', file(VALUES));
    await keepFile(db, 'two', dated);
    expect(await runningFiles(db)).toEqual([
      { worker: 'one', ...file(VALUES) },
      { worker: 'two', ...dated },
    ]);
    await db.$client.query(
      `UPDATE worker_terms SET seen_at = now() - interval '4 minutes' WHERE worker = 'one'`,
    );
    expect((await runningFiles(db)).map(({ worker }) => worker)).toEqual(['two']);
    await keepFile(db, 'one', file(VALUES));
    expect(await runningFiles(db)).toHaveLength(2);
    await forgetFile(db, 'two');
    expect((await runningFiles(db)).map(({ worker }) => worker)).toEqual(['one']);
  });
});
