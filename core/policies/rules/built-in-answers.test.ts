import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerAdmit, answerDue, answerShow, answerTerms } from './built-in-answers.js';
import { type BuiltInOptions, PLAIN_TERMS, type PoolTerms } from './pool-terms.js';
import type { DayFigures, PolicyWorker } from './questions.js';

const ANN = '0x00000000000000000000000000000000000000aa';
const BOB = '0x00000000000000000000000000000000000000bb';
const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 2, 1);
const iso = (ms: number) => new Date(ms).toISOString();

const options = (terms: Partial<PoolTerms> = {}): BuiltInOptions => ({
  ...PLAIN_TERMS,
  ...terms,
  defaults: { commissionBps: 2_500 },
});

/** A worker that did so many jobs on each of its last days. */
function worker(changes: Partial<PolicyWorker> & { readonly jobs?: readonly number[] } = {}) {
  const { jobs = [], ...rest } = changes;
  const payeeDays = jobs.map((count, i): DayFigures => {
    const day = iso(START_MS - (i + 1) * DAY_MS).slice(0, 10);
    return { day, jobs: count, computeUnits: 0n, grossWei: 0n, onlineShareBps: null };
  });
  const known = { nodeType: 'ai', region: 'eu', firstSeenAt: null, nickname: null } as const;
  const daysBefore = iso(START_MS).slice(0, 10);
  const asked: PolicyWorker = {
    ...known,
    address: ANN,
    isInvited: false,
    daysBefore,
    lastDays: payeeDays,
    payeeDays,
    ...rest,
  };
  return asked;
}

const GOLD = { name: 'gold', fromJobs: 100, withinMs: 30 * DAY_MS, commissionBps: 1_500 };
const SPRING = {
  name: 'spring',
  from: new Date('2026-03-01T00:00:00Z'),
  until: new Date('2026-03-15T00:00:00Z'),
  commissionBps: 1_000,
  for: 'all',
};

describe('the built-in policy', () => {
  it('takes the plain 25 % of everybody when the file says nothing else', () => {
    expect(answerTerms(worker(), iso(START_MS), options())).toEqual({
      commissionBps: 2_500,
      bonusBps: 0,
      reason: 'default',
      until: undefined,
    });
    expect(answerDue(worker(), options())).toEqual({ reason: 'default' });
    expect(answerAdmit(worker(), options())).toEqual({ admitted: true });
  });

  it('puts a payee into the highest tier that its last thirty days reach, whenever they are asked for', () => {
    const silver = { ...GOLD, name: 'silver', fromJobs: 10, commissionBps: 2_000 };
    const terms = options({ tiers: [GOLD, silver] });
    const asked = (jobs: readonly number[], atMs = START_MS) =>
      answerTerms(worker({ jobs }), iso(atMs), terms);
    expect(asked([60, 40])).toMatchObject({ commissionBps: 1_500, reason: 'tier gold' });
    expect(asked([60, 39])).toMatchObject({ commissionBps: 2_000, reason: 'tier silver' });
    expect(asked([9])).toMatchObject({ commissionBps: 2_500, reason: 'default' });
    // The 31st day is no longer counted.
    expect(asked([...Array.from({ length: 30 }, () => 3), 10])).toMatchObject({
      reason: 'tier silver',
    });
    // A border in two weeks is asked for today, with the figures of today.
    expect(asked([60, 40], START_MS + 14 * DAY_MS)).toMatchObject({ reason: 'tier gold' });
  });

  it('ends a promotion of two weeks to the millisecond, and says beforehand when', () => {
    const terms = options({ promotions: [SPRING] });
    const asked = (atMs: number) => answerTerms(worker(), iso(atMs), terms);
    const [fromMs, untilMs] = [SPRING.from.getTime(), SPRING.until.getTime()];
    expect(asked(fromMs - 1)).toMatchObject({ commissionBps: 2_500, until: iso(fromMs) });
    expect(asked(fromMs)).toMatchObject({ commissionBps: 1_000, until: iso(untilMs) });
    expect(asked(untilMs - 1)).toMatchObject({ reason: 'promotion spring', until: iso(untilMs) });
    expect(asked(untilMs)).toMatchObject({ commissionBps: 2_500, until: undefined });
  });

  it('gives a promotion to whom it is for, and nobody a worse rate by it', () => {
    const forGold = { ...SPRING, for: 'gold' };
    const dear = { ...SPRING, commissionBps: 9_000 };
    const ask = (terms: Partial<PoolTerms>, jobs: readonly number[] = []) =>
      answerTerms(worker({ jobs }), iso(START_MS), options(terms)).commissionBps;
    expect(ask({ tiers: [GOLD], promotions: [forGold] })).toBe(2_500);
    expect(ask({ tiers: [GOLD], promotions: [forGold] }, [100])).toBe(1_000);
    expect(ask({ promotions: [{ ...SPRING, for: [BOB] }] })).toBe(2_500);
    expect(ask({ promotions: [dear] })).toBe(2_500);
  });

  it('keeps what was negotiated with two payees', () => {
    const terms = options({
      tiers: [GOLD],
      workers: {
        [ANN]: { commissionBps: 500 },
        [BOB]: { commissionBps: 1_900, payoutThresholdWei: 2n, tier: 'gold' },
      },
    });
    const at = iso(START_MS);
    expect(answerTerms(worker(), at, terms)).toMatchObject({ commissionBps: 500 });
    expect(answerTerms(worker({ address: BOB }), at, terms)).toMatchObject({
      commissionBps: 1_900,
      reason: 'negotiated',
    });
    expect(answerDue(worker({ address: BOB }), terms)).toMatchObject({
      thresholdWei: 2n,
      reason: 'negotiated',
    });
    const other = worker({ address: '0x00000000000000000000000000000000000000cc' });
    expect(answerTerms(other, at, terms)).toMatchObject({ commissionBps: 2_500 });
    expect(answerShow(worker({ address: BOB, nickname: 'Bob' }), terms)).toEqual({
      nickname: 'Bob',
      tier: 'gold',
      badge: undefined,
    });
  });

  it('keeps out who is not invited, says who lifts that, and takes an own entry for an invitation', () => {
    const invited = options({ admission: 'invited', workers: { [BOB]: {} } });
    expect(answerAdmit(worker(), invited)).toMatchObject({
      admitted: false,
      code: 'NOT_INVITED',
      liftedBy: 'pool',
    });
    expect(answerAdmit(worker({ isInvited: true }), invited)).toEqual({ admitted: true });
    expect(answerAdmit(worker({ address: BOB }), invited)).toEqual({ admitted: true });
  });

  it('answers the same for every moment before `until`, never a bonus above the commission, and ends', () => {
    const day = fc.integer({ min: -40, max: 40 });
    const span = fc.record({ from: day, days: fc.integer({ min: 1, max: 20 }) });
    const bps = fc.integer({ min: 0, max: 10_000 });
    const spans = fc.array(fc.record({ span, bps, whom: fc.constantFrom('all', 'gold', BOB) }), {
      maxLength: 5,
    });
    const history = fc.record({ spans, bonus: span, share: bps, jobs: fc.array(fc.nat(40)) });
    fc.assert(
      fc.property(history, fc.double({ min: 0, max: 1, noNaN: true }), (given, where) => {
        const moment = (days: number) => new Date(START_MS + days * DAY_MS);
        const terms = options({
          tiers: [GOLD],
          promotions: given.spans.map(({ span: { from, days }, bps: commissionBps, whom }, i) => ({
            name: `p${i}`,
            from: moment(from),
            until: moment(from + days),
            commissionBps,
            for: whom === BOB ? [BOB] : whom,
          })),
          bonus: {
            shareBps: given.share,
            minOnlineBps: 0,
            budgetWei: 1n,
            from: moment(given.bonus.from),
            until: moment(given.bonus.from + given.bonus.days),
          },
        });
        const asked = worker({ jobs: given.jobs });
        let atMs = START_MS - 50 * DAY_MS;
        for (let steps = 0; ; steps += 1) {
          expect(steps).toBeLessThan(20);
          const answer = answerTerms(asked, iso(atMs), terms);
          expect(answer.bonusBps).toBeLessThanOrEqual(answer.commissionBps);
          expect(answer.commissionBps).toBeLessThanOrEqual(2_500);
          if (answer.until === undefined) break;
          const untilMs = Date.parse(answer.until);
          expect(untilMs).toBeGreaterThan(atMs);
          const between = atMs + Math.floor((untilMs - 1 - atMs) * where);
          expect(answerTerms(asked, iso(between), terms)).toEqual(answer);
          expect(answerTerms(asked, iso(untilMs - 1), terms)).toEqual(answer);
          atMs = untilMs;
        }
      }),
    );
  });
});
