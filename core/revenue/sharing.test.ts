/** Tests that what is redeemed is shared to the wei by work, once, however many close a period at once and get killed. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createRandom, type Random } from '../../dev/kit/random.js';
import { createTestDatabase } from '../../test/harness/database.js';
import { ingestSaid, payeeOf } from '../../test/harness/event-world.js';
import { useHistory } from '../../test/harness/history-world.js';
import { reserveAll } from '../../test/harness/statement-world.js';
import { recordTerms } from '../../test/harness/terms.js';
import { addWallet } from '../../test/kit/test-pool.js';
import { sumWei } from '../base/money.js';
import { auditLedger } from '../checks/audit/audit.js';
import { checkInvariants } from '../checks/audit/invariants.js';
import { compactPostings } from '../checks/audit/ledger-compaction.js';
import type { Database } from '../db/database.js';
import { beginPass, completePass } from '../events/store/sources/source-progress.js';
import { registerSources } from '../events/store/sources/source-register.js';
import { listPayoutCredits } from '../statements/payout-contents.js';
import { statementParts } from '../statements/statement.js';
import { closePeriods } from './sharing.js';
import { settleRedemptions, takeDownTickets } from './store/redemptions.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const FIRST_MS = Date.parse('2026-03-20T00:00:00Z');
const WORKERS = [0, 1, 2, 3, 4];
/** The pool shares from the second day to the end of the sixth. */
const [BEGIN, END] = [1, 6];
const isShared = (day: number) => day >= BEGIN && day < END;
const hashOf = (n: number) => `0x${n.toString(16).padStart(64, '0')}`;

const shareTerms = (shareBps: number, days: number) => ({
  thresholdWei: 1n,
  minIntervalMs: 0,
  commissionBps: 10_000,
  policy: {
    module: null,
    options: { revenueShare: { shareBps, everyMs: days * DAY_MS } },
    hash: `${shareBps}-${days}`,
  },
});
const PLAIN = { thresholdWei: 1n, minIntervalMs: 0, commissionBps: 2_500 };

interface Ticket {
  readonly atMs: number;
  readonly amountWei: bigint;
}

/** Work and redemptions of eight days, and who should get how much, worked out in the simplest way. */
class Pool {
  private id = 0;
  private readonly work: { readonly n: number; readonly day: number; readonly feeWei: bigint }[] =
    [];
  private readonly tickets: Ticket[] = [];
  readonly expected = new Map<string, bigint>();
  private readonly weighed = new Set<number>();
  private readonly counted = new Set<number>();
  private carriedWei = 0n;

  constructor(
    private readonly db: Database,
    private readonly draw: Random,
    private readonly share: { readonly bps: number; readonly days: number },
  ) {}

  async open(): Promise<void> {
    const { db, share } = this;
    const at = (day: number) => new Date(FIRST_MS + day * DAY_MS);
    await recordTerms(db, PLAIN, at(-1));
    await recordTerms(db, shareTerms(share.bps, share.days), at(BEGIN));
    await recordTerms(db, PLAIN, at(END));
    const rest = { kind: 'k', region: 'eu', nodeType: 'ai', from: null } as const;
    await registerSources(db, [{ id: 'a', readsFrom: 'a', ...rest }]);
  }

  async doJobs(days: readonly number[], jobs: number): Promise<void> {
    const { draw } = this;
    const said = Array.from({ length: jobs }, () => {
      const [n, day] = [draw.pick(WORKERS), draw.pick(days)];
      const feeWei = BigInt(draw.int(1, 1_000_000_000)) * 1_000_003n;
      this.work.push({ n, day, feeWei });
      this.id += 1;
      const atMs = FIRST_MS + day * DAY_MS + draw.int(0, DAY_MS - 1);
      const fields = { ethAddress: payeeOf(n), fees: feeWei, computeUnits: 1 };
      return { id: this.id, atMs, type: 'job-processed', fields };
    });
    await ingestSaid(this.db, 'a', said, 20);
  }

  /** Redeems tickets, some of which several events tell of, and one of which failed. */
  async redeem(days: readonly number[], count: number): Promise<void> {
    const { db, draw, tickets } = this;
    const from = tickets.length;
    for (let i = 0; i < count; i += 1) {
      const atMs = FIRST_MS + draw.pick(days) * DAY_MS + draw.int(0, 86_399) * 1_000;
      tickets.push({ atMs, amountWei: BigInt(draw.int(1, 2_000_000_000)) * 7_000_001n });
    }
    const fresh = tickets
      .slice(from)
      .map((ticket, i) => ({ ...ticket, txHash: hashOf(from + i + 1) }));
    const said = [...fresh, ...fresh.slice(0, 1)].map(({ atMs, txHash, amountWei }) => {
      this.id += 1;
      return {
        id: this.id,
        atMs,
        type: 'ticket-redeemed',
        fields: { txHash, faceValue: amountWei },
      };
    });
    this.id += 1;
    const failed = {
      ...said[0],
      id: this.id,
      fields: { txHash: hashOf(0), faceValue: 2n ** 200n },
    };
    await ingestSaid(db, 'a', [...said, ...(said[0] ? [{ ...said[0], ...failed }] : [])]);
    expect(await takeDownTickets(db)).toBe(count + 2);
    await settleRedemptions(
      db,
      fresh.map(({ txHash, amountWei, atMs }) => ({
        txHash,
        amountWei,
        blockNumber: 1,
        blockAtMs: atMs,
      })),
    );
  }

  /** Adds what each worker should get of the period of these days. */
  expectPeriod(from: number, until: number): void {
    const mine = this.tickets.flatMap(({ atMs, amountWei }, i) => {
      const day = Math.floor((atMs - FIRST_MS) / DAY_MS);
      if (day >= until || !isShared(day) || this.counted.has(i)) return [];
      this.counted.add(i);
      return [(amountWei * BigInt(this.share.bps)) / 10_000n];
    });
    const toShareWei = sumWei(mine) + this.carriedWei;
    this.carriedWei = toShareWei;
    if (toShareWei < 1_000_000_000n) return;
    const weights = new Map<number, bigint>();
    this.work.forEach(({ n, day, feeWei }, i) => {
      if (day >= until || !isShared(day) || this.weighed.has(i)) return;
      this.weighed.add(i);
      weights.set(n, (weights.get(n) ?? 0n) + feeWei);
    });
    const totalWei = sumWei(weights.values());
    for (const [n, weightWei] of weights) {
      const wei = (toShareWei * weightWei) / totalWei;
      this.carriedWei -= wei;
      if (wei > 0n) this.expected.set(`${payeeOf(n)} ${from}`, wei);
    }
  }

  /** What was redeemed while the pool shared, times the share, with nothing rounded. */
  mostSharedWei(): bigint {
    const redeemed = this.tickets.filter(({ atMs }) =>
      isShared(Math.floor((atMs - FIRST_MS) / DAY_MS)),
    );
    return (sumWei(redeemed.map(({ amountWei }) => amountWei)) * BigInt(this.share.bps)) / 10_000n;
  }

  /** Three close at once; of the transactions that get to the end, a half dies there when `dying`. */
  async close(afterDays: number, dying = false): Promise<void> {
    const { db } = this;
    const trigger = 'CREATE TRIGGER dying BEFORE INSERT ON earning_day EXECUTE FUNCTION die()';
    if (dying) await db.$client.query(trigger);
    const now = () => new Date(FIRST_MS + afterDays * DAY_MS);
    const ends = await Promise.allSettled([1, 2, 3].map(() => closePeriods({ db, now })));
    if (dying) await db.$client.query('DROP TRIGGER dying ON earning_day');
    else expect(ends.map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
  }

  async booked(): Promise<ReadonlyMap<string, bigint>> {
    const { rows } = await this.db.$client.query(
      `SELECT w.payee || ' ' || (left(p.reference, 10)::date - '2026-03-20'::date) AS key, sum(e.amount_wei)::text AS wei
         FROM posting p JOIN ledger_entry e ON e.posting_id = p.id AND e.account = 'pending'
         JOIN remote_worker w ON w.id = e.remote_worker_id WHERE p.kind = 'revenue-share' GROUP BY 1`,
    );
    return new Map(rows.map(({ key, wei }) => [String(key), BigInt(wei)]));
  }

  async readUntil(day: number): Promise<void> {
    const time = new Date(FIRST_MS + day * DAY_MS);
    const pass = { sourceId: 'a', from: null, coversFrom: time, isDeep: false, startedAt: time };
    await beginPass(this.db, pass);
    await completePass(this.db, pass, { cursor: null, endedAt: time });
  }
}

const ALL_DAYS = [0, 1, 2, 3, 4, 5, 6, 7];

it('shares to the wei by work, never more than the share, whoever closes at once and dies', async () => {
  const run = async (seed: number, bps: number, days: number) => {
    const database = await createTestDatabase();
    const { db } = database;
    await db.$client.query(`CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF pg_current_xact_id()::text::bigint % 2 = 0 THEN RAISE EXCEPTION 'killed'; END IF; RETURN NULL; END $$`);
    const pool = new Pool(db, createRandom(seed), { bps, days });
    await pool.open();
    await pool.doJobs(ALL_DAYS.slice(0, 4), 40);
    await pool.redeem([0, 1, 2], 8);
    await pool.readUntil(8);
    // The first period and all that end by the fourth day; then what comes late, and the rest.
    const periods: [number, number][] = [];
    for (let from = BEGIN; from < END; from += days)
      periods.push([from, Math.min(from + days, END)]);
    const early = periods.filter(([, until]) => until <= 4);
    await pool.close(4.25, true);
    await pool.close(4.25);
    for (const [from, until] of early) pool.expectPeriod(from, until);
    expect(await pool.booked()).toEqual(pool.expected);
    await pool.doJobs(ALL_DAYS, 40);
    await pool.redeem(ALL_DAYS, 8);
    await pool.close(9, true);
    await pool.close(9);
    for (const [from, until] of periods.slice(early.length)) pool.expectPeriod(from, until);
    const booked = await pool.booked();
    expect(booked).toEqual(pool.expected);
    expect(sumWei(booked.values()) <= pool.mostSharedWei()).toBe(true);
    expect(await checkInvariants(db)).toEqual([]);
    await database.close();
  };
  await fc.assert(
    fc.asyncProperty(
      fc.nat(1_000_000),
      fc.constantFrom(1, 3_333, 7_500, 10_000),
      fc.constantFrom(1, 2, 31),
      run,
    ),
    { numRuns: 6 },
  );
}, 120_000);

const { world, rebuild } = useHistory();

it('keeps the work of a day on which nothing was redeemed, though a wei was left of the day before', async () => {
  const { db } = world;
  await recordTerms(db, PLAIN, new Date(FIRST_MS - DAY_MS));
  await recordTerms(db, shareTerms(10_000, 1), new Date(FIRST_MS));
  await registerSources(db, [
    { id: 'a', readsFrom: 'a', kind: 'k', region: 'eu', nodeType: 'ai', from: null },
  ]);
  const job = (id: number, n: number, day: number, fees: bigint) => ({
    id,
    atMs: FIRST_MS + day * DAY_MS,
    type: 'job-processed',
    fields: { ethAddress: payeeOf(n), fees, computeUnits: 1 },
  });
  const redeem = async (id: number, day: number, amountWei: bigint) => {
    const atMs = FIRST_MS + day * DAY_MS;
    const fields = { txHash: hashOf(id), faceValue: amountWei };
    await ingestSaid(db, 'a', [{ id, atMs, type: 'ticket-redeemed', fields }]);
    await takeDownTickets(db);
    await settleRedemptions(db, [
      { txHash: hashOf(id), amountWei, blockNumber: 1, blockAtMs: atMs },
    ]);
  };
  await ingestSaid(db, 'a', [job(1, 0, 0, 1n), job(2, 1, 0, 1n), job(3, 2, 1, 1_000n)]);
  await redeem(4, 0, 10_000_000_001n);
  await redeem(5, 2, 30_000_000_000n);
  const close = (days: number) =>
    closePeriods({ db, now: () => new Date(FIRST_MS + days * DAY_MS + 30 * HOUR_MS) });
  expect(await close(2)).toMatchObject({ sharedWei: '10000000000' });
  await ingestSaid(db, 'a', [job(6, 0, 2, 1_000n)]);
  expect(await close(3)).toMatchObject({ sharedWei: '30000000000' });
  const { rows } = await db.$client.query(
    'SELECT p.carried_in_wei, p.shared_wei, p.weight_wei FROM revenue_period p ORDER BY number',
  );
  expect(rows.map((row) => Object.values(row))).toEqual([
    ['0', '10000000000', '2'],
    ['1', '0', '0'],
    ['1', '30000000000', '2000'],
  ]);
});

it('waits six hours, for what is not final and not read, and a day at most', async () => {
  const { db } = world;
  const pool = new Pool(db, createRandom(1), { bps: 7_500, days: 1 });
  await pool.open();
  await pool.doJobs([1], 10);
  await pool.redeem([1], 3);
  const close = (hours: number) =>
    closePeriods({ db, now: () => new Date(FIRST_MS + 2 * DAY_MS + hours * HOUR_MS) });
  await pool.readUntil(1.9);
  expect(await close(5.9)).toEqual({ periodsClosed: 0, sharedWei: '0', waits: null });
  expect((await close(6)).waits).toBe('not read to the end of the period: a');
  await pool.readUntil(2.1);
  const fields = { txHash: hashOf(99), faceValue: 1 };
  await ingestSaid(db, 'a', [
    { id: 900, atMs: FIRST_MS + 1.5 * DAY_MS, type: 'ticket-redeemed', fields },
  ]);
  await takeDownTickets(db);
  expect(await close(29)).toMatchObject({
    periodsClosed: 0,
    waits: expect.stringContaining('1 redemptions are not final'),
  });
  pool.expectPeriod(1, 2);
  expect(await close(29.9)).toMatchObject({ periodsClosed: 0 });
  expect(await close(30)).toMatchObject({ periodsClosed: 1 });
  expect(await pool.booked()).toEqual(pool.expected);
});

it('is kept by rebuild, audit and compaction, and told by statement and payout', async () => {
  const { db } = world;
  const pool = new Pool(db, createRandom(2), { bps: 7_500, days: 2 });
  await pool.open();
  await pool.doJobs([1, 2, 3, 4], 60);
  await pool.redeem([1, 2, 3, 4], 9);
  await pool.readUntil(8);
  await pool.close(7.5);
  for (const [from, until] of [
    [1, 3],
    [3, 5],
    [5, 6],
  ] as const)
    pool.expectPeriod(from, until);
  expect(await pool.booked()).toEqual(pool.expected);
  expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  expect(await auditLedger(db, { isWhole: true, pieceSize: 30 })).toEqual([]);
  await compactPostings(db, { before: new Date('2100-01-01Z'), onProgress: () => undefined });
  expect(await pool.booked()).toEqual(pool.expected);
  expect(await rebuild()).toMatchObject({ ok: true, findings: [] });
  const payee = payeeOf(0);
  const mine = [...pool.expected].flatMap(([key, wei]) => (key.startsWith(payee) ? [wei] : []));
  const lines: bigint[] = [];
  for await (const part of statementParts(db, { payee, period: { from: null, to: null } })) {
    if (part.part !== 'lines') continue;
    lines.push(
      ...part.lines.flatMap((one) => (one.type === 'revenue-share' ? [one.changeWei] : [])),
    );
  }
  expect(mine.length).toBeGreaterThan(0);
  expect(lines).toEqual(mine);
  await addWallet(db);
  const payoutId = (await reserveAll(db, payee)) ?? '';
  const order = { filter: {}, page: { limit: 200, cursor: null } };
  const { items } = await listPayoutCredits(db, payoutId, order);
  expect(items.filter(({ kind }) => kind === 'revenue-share').map((one) => one.amountWei)).toEqual(
    mine,
  );
});

it.each([
  [
    'a share that was changed afterwards',
    'UPDATE revenue_share SET share_wei = share_wei + 1',
    'SHARES_DRIFT',
  ],
  [
    'a redemption that left its period',
    'UPDATE redemption SET period = NULL WHERE period = 1',
    'REDEEMED_DRIFT',
  ],
  [
    'work that was weighed twice',
    'UPDATE revenue_weight SET weight_wei = weight_wei * 2',
    'WEIGHTS_DRIFT',
  ],
])('the audit sees %s', async (_, statement, code) => {
  const { db } = world;
  const pool = new Pool(db, createRandom(3), { bps: 7_500, days: 1 });
  await pool.open();
  await pool.doJobs([1], 10);
  await pool.redeem([1], 3);
  await pool.readUntil(8);
  await pool.close(3);
  await expect(db.$client.query(statement)).rejects.toThrow();
  await db.$client.query(
    `SET session_replication_role = replica; ${statement}; SET session_replication_role = origin`,
  );
  expect(await auditLedger(db, { isWhole: true, pieceSize: 30 })).toContainEqual(
    expect.objectContaining({ code }),
  );
});
