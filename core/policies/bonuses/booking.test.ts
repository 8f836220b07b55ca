/** Tests that bonuses come to the wei out of the commission, within their budget, however many book them at once and get killed. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRandom, type Random } from '../../../dev/kit/random.js';
import { createTestDatabase } from '../../../test/harness/database.js';
import { ingestSaid, openWorld, payeeOf, type Said } from '../../../test/harness/event-world.js';
import { useHistory } from '../../../test/harness/history-world.js';
import { reserveAll } from '../../../test/harness/statement-world.js';
import { addWallet } from '../../../test/kit/test-pool.js';
import type { Address } from '../../base/address.js';
import { smallerWei } from '../../base/money.js';
import { auditLedger } from '../../checks/audit/audit.js';
import { checkInvariants } from '../../checks/audit/invariants.js';
import { compactPostings } from '../../checks/audit/ledger-compaction.js';
import type { Database } from '../../db/database.js';
import { transact } from '../../db/transact.js';
import { beginPass, completePass } from '../../events/store/sources/source-progress.js';
import { listPayoutCredits } from '../../statements/payout-contents.js';
import { statementParts } from '../../statements/statement.js';
import { recordRates, type WorkerRate } from '../../terms/store/worker-rates.js';
import type { BonusTerms } from '../rules/pool-terms.js';
import { listPayees } from '../store/subjects.js';
import { bookBonuses } from './booking.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FIRST_MS = Date.parse('2026-03-02T00:00:00Z');
const COMMISSION_BPS = 2_500n;
/** The bonus holds for the days 1 to 4 as a whole; it ends at noon of the fifth. */
const TERMS = {
  shareBps: 0,
  minOnlineBps: 9_500,
  from: new Date(FIRST_MS + DAY_MS),
  until: new Date(FIRST_MS + 5.5 * DAY_MS),
};
const DAYS = [0, 1, 2, 3, 4, 5];
const isWithin = (day: number) => day >= 1 && day <= 4;

const rateOf = (n: number, from: Date | null, bonusBps: number): WorkerRate => ({
  payee: payeeOf(n),
  nodeType: 'ai',
  region: 'eu',
  from,
  commissionBps: Number(COMMISSION_BPS),
  bonusBps,
  policy: 'drawn',
  policyVersion: '1',
  optionsHash: '',
  reason: `bonus of ${bonusBps} basis points`,
});

async function readUntil(db: Database, atMs: number) {
  const time = new Date(atMs);
  const pass = { sourceId: 'a', from: null, coversFrom: time, isDeep: false, startedAt: time };
  await beginPass(db, pass);
  await completePass(db, pass, { cursor: null, endedAt: time });
}

/** Some workers over six days, and what each should get, worked out in the simplest way. */
class Days {
  private id = 0;
  private readonly bonusBps: readonly number[];
  private readonly turnDay: number;
  private readonly offHours: readonly (readonly number[])[];
  private readonly gross = new Map<string, bigint>();
  private readonly commission = new Map<string, bigint>();

  constructor(
    private readonly db: Database,
    private readonly draw: Random,
    private readonly bonus: BonusTerms,
  ) {
    this.bonusBps = [0, 1, 333, 1_000, 2_500, 9_999];
    this.turnDay = draw.int(1, 4);
    this.offHours = this.bonusBps.map(() => DAYS.map(() => draw.pick([0, 0, 1, 2, 24])));
  }

  /** The rate of the last two workers falls at noon of a day. */
  private bpsOf(n: number, day: number): bigint {
    return BigInt(n >= 4 && day >= this.turnDay ? 7 : (this.bonusBps[n] ?? 0));
  }

  async open(): Promise<void> {
    const turn = new Date(FIRST_MS + (this.turnDay + 0.5) * DAY_MS);
    const rates = this.bonusBps.flatMap((bps, n) =>
      n >= 4 ? [rateOf(n, null, bps), rateOf(n, turn, 7)] : [rateOf(n, null, bps)],
    );
    await transact(this.db, (tx) => recordRates(tx, rates));
    const said = this.offHours.flatMap((days, n) =>
      days.flatMap((off, day) => {
        const fields = { ethAddress: payeeOf(n), connection: `c${n}:1` };
        const atMs = FIRST_MS + day * DAY_MS;
        const end = { atMs: atMs + (24 - off) * HOUR_MS, type: 'worker-disconnected', fields };
        const turns = [{ atMs, type: 'worker-connected', fields }, ...(off === 0 ? [] : [end])];
        return off === 24 ? [] : turns.map((one) => this.say(one));
      }),
    );
    await ingestSaid(this.db, 'a', said);
  }

  private say(one: Omit<Said, 'id'>): Said {
    this.id += 1;
    return { id: this.id, ...one };
  }

  async work(jobs: number): Promise<void> {
    const { draw } = this;
    const said = Array.from({ length: jobs }, () => {
      const [n, day] = [draw.int(0, 5), draw.pick(DAYS)];
      const fees = BigInt(draw.int(1, 1_000_000_000)) * 1_000_003n;
      const key = `${payeeOf(n)} ${day}`;
      this.gross.set(key, (this.gross.get(key) ?? 0n) + fees);
      const commissionWei = (fees * COMMISSION_BPS) / 10_000n;
      this.commission.set(key, (this.commission.get(key) ?? 0n) + commissionWei);
      const atMs = FIRST_MS + day * DAY_MS + draw.int(0, DAY_MS - 1);
      const fields = { ethAddress: payeeOf(n), fees, computeUnits: 1 };
      return this.say({ atMs, type: 'job-processed', fields });
    });
    await ingestSaid(this.db, 'a', said, 20);
  }

  /** What is due for each worker and day, in wei; zeros are left out. */
  due(): ReadonlyMap<string, bigint> {
    const due = new Map<string, bigint>();
    this.offHours.forEach((days, n) => {
      days.forEach((off, day) => {
        const key = `${payeeOf(n)} ${day}`;
        // Who is away for the whole day was not disconnected on the evening before, or was.
        const wasUp = off === 24 && day > 0 && this.isUpAtMidnight(n, day);
        if ((off > 1 && !wasUp) || !isWithin(day)) return;
        const shareWei = ((this.gross.get(key) ?? 0n) * this.bpsOf(n, day)) / 10_000n;
        const mostWei = smallerWei(shareWei, this.commission.get(key) ?? 0n);
        const wei = smallerWei(mostWei, this.bonus.capPerWorkerPerDayWei ?? mostWei);
        if (wei > 0n) due.set(key, wei);
      });
    });
    return due;
  }

  private isUpAtMidnight(n: number, day: number): boolean {
    const before = this.offHours[n]?.slice(0, day) ?? [];
    return before.findLast((off) => off !== 24) === 0;
  }

  async booked(): Promise<ReadonlyMap<string, bigint>> {
    const { rows } = await this.db.$client.query(
      `SELECT w.payee || ' ' || (left(p.reference, 10)::date - '2026-03-02'::date) AS key, sum(e.amount_wei)::text AS wei
         FROM posting p JOIN ledger_entry e ON e.posting_id = p.id AND e.account = 'pending'
         JOIN remote_worker w ON w.id = e.remote_worker_id WHERE p.kind = 'bonus' GROUP BY 1`,
    );
    return new Map(rows.map(({ key, wei }) => [String(key), BigInt(wei)]));
  }

  /** Several book at once; of those transactions that get as far as the end, a half dies there when `dying`. */
  async book(afterDays: number, dying: boolean): Promise<void> {
    const { db, bonus } = this;
    if (dying)
      await db.$client.query(
        'CREATE TRIGGER dying BEFORE INSERT ON earning_day EXECUTE FUNCTION die()',
      );
    const now = () => new Date(FIRST_MS + afterDays * DAY_MS);
    const deps = { db, bonusOf: () => bonus, now };
    const ends = await Promise.allSettled([1, 2, 3].map(() => bookBonuses(deps)));
    if (dying) await db.$client.query('DROP TRIGGER dying ON earning_day');
    else expect(ends.map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
  }
}

const sum = (amounts: Iterable<bigint>) => [...amounts].reduce((all, one) => all + one, 0n);

it('books what is due to the wei and never more than the budget, whoever books at once and dies', async () => {
  const run = async (seed: number, budgetShare: number, cap: bigint | undefined) => {
    const database = await createTestDatabase();
    const { db } = database;
    await openWorld(db);
    await db.$client.query(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF pg_current_xact_id()::text::bigint % 2 = 0 THEN RAISE EXCEPTION 'killed'; END IF; RETURN NULL; END $$`);
    const bonus = { ...TERMS, budgetWei: 0n, capPerWorkerPerDayWei: cap };
    const days = new Days(db, createRandom(seed), bonus);
    await days.open();
    await days.work(60);
    bonus.budgetWei = (sum(days.due().values()) * BigInt(budgetShare)) / 100n + 1n;
    // Nobody has read the source to its end since, so it is not known who was there.
    await days.book(6.25, false);
    expect(await days.booked()).toEqual(new Map());
    await readUntil(db, FIRST_MS + 6 * DAY_MS);
    await days.book(6.25, true);
    await days.book(6.25, false);
    await days.work(20);
    await days.book(9, true);
    await days.book(9, false);
    const due = days.due();
    const booked = await days.booked();
    const wantedWei = smallerWei(sum(due.values()), bonus.budgetWei);
    expect(sum(booked.values())).toBe(wantedWei);
    for (const [key, wei] of booked) expect(wei <= (due.get(key) ?? 0n), key).toBe(true);
    // A week after the closing, what comes later counts no more.
    await days.work(20);
    await days.book(14, false);
    expect(await days.booked()).toEqual(booked);
    expect(await checkInvariants(db)).toEqual([]);
    await database.close();
  };
  await fc.assert(
    fc.asyncProperty(
      fc.nat(1_000_000),
      fc.constantFrom(10, 60, 100, 1_000),
      fc.constantFrom(undefined, 30_000_000_000_000n),
      run,
    ),
    { numRuns: 4 },
  );
}, 120_000);

const { world, rebuild } = useHistory();

/** What the statement of a payee and a payout of all that it is owed say of bonuses, in wei. */
async function toldBonuses(payee: Address) {
  const lines: bigint[] = [];
  const period = { from: null, to: null };
  for await (const part of statementParts(world.db, { payee, period })) {
    if (part.part !== 'lines') continue;
    lines.push(...part.lines.filter(({ type }) => type === 'bonus').map((one) => one.changeWei));
  }
  await addWallet(world.db);
  const payoutId = (await reserveAll(world.db, payee)) ?? '';
  const order = { filter: {}, page: { limit: 200, cursor: null } };
  const { items } = await listPayoutCredits(world.db, payoutId, order);
  const paid = items.filter(({ kind }) => kind === 'bonus');
  return { lines, paid: paid.map(({ amountWei }) => amountWei), jobs: paid.map(({ job }) => job) };
}

it('waits six hours after midnight, tells that the budget is spent, and is kept by a rebuild', async () => {
  const { db } = world;
  const bonus = { ...TERMS, budgetWei: 10n ** 30n };
  const days = new Days(db, createRandom(1), bonus);
  await days.open();
  await days.work(60);
  await readUntil(db, FIRST_MS + 2 * DAY_MS);
  const deps = { db, bonusOf: () => bonus };
  const at = (hours: number) => () => new Date(FIRST_MS + 2 * DAY_MS + hours * HOUR_MS);
  expect(await bookBonuses({ ...deps, now: at(5.9) })).toEqual({ bonuses: 0, bonusShortWei: '0' });
  const ofDay = new Map([...days.due()].filter(([key]) => key.endsWith(' 1')));
  expect((await bookBonuses({ ...deps, now: at(6) })).bonuses).toBe(ofDay.size);
  expect(await days.booked()).toEqual(ofDay);
  await readUntil(db, FIRST_MS + 6 * DAY_MS);
  bonus.budgetWei = sum(ofDay.values()) + 1n;
  const left = await bookBonuses({ ...deps, now: at(120) });
  const shortWei = sum(days.due().values()) - bonus.budgetWei;
  expect(left).toEqual({ bonuses: 1, bonusShortWei: shortWei.toString() });
  expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  expect(await auditLedger(db, { isWhole: true, pieceSize: 30 })).toEqual([]);
  const before = new Date('2100-01-01Z');
  await compactPostings(db, { before, onProgress: () => undefined });
  expect(await days.booked()).toHaveProperty('size', ofDay.size + 1);
  expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  expect(await checkInvariants(db)).toEqual([]);
  const [[key, wei] = ['', 0n]] = ofDay;
  const [payee] = (await listPayees(db, null, 50)).filter((one) => key.startsWith(one));
  const told = await toldBonuses(payee ?? '0x');
  expect(told.lines[0]).toBe(wei);
  expect(told.paid).toEqual(told.lines);
  expect(told.jobs.every((job) => job === null)).toBe(true);
  expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
});
