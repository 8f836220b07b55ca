import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WAIT_CODES } from '../../payouts/rules/payout.js';
import { type Need, rankNeeds } from './needs.js';
import { needOfPayout, needOfWallet, runwayOf, WAITS_OF_ONE } from './needs-of-payouts.js';
import { needOfHalt, needOfStop } from './needs-of-pool.js';

const NOW = new Date('2026-11-30T12:00:00Z');
const HOUR_MS = 3_600_000;
const ETH = 10n ** 18n;
const hoursAgo = (hours: number) => new Date(NOW.getTime() - hours * HOUR_MS);

const need = (subject: string, changes: Partial<Need> = {}): Need => ({
  kind: 'payout',
  subject,
  code: 'PAYOUT_HELD',
  title: '',
  words: '',
  safe: '',
  atStakeWei: ETH,
  isGrave: false,
  since: hoursAgo(1),
  actions: [],
  ...changes,
});

const order = (needs: readonly Need[]) => rankNeeds(needs, NOW).map(({ subject }) => subject);

describe('the order of needs', () => {
  it('is that of money times age', () => {
    const small = need('small and old', { atStakeWei: ETH / 10n, since: hoursAgo(24) });
    const large = need('large', { since: hoursAgo(2) });
    const fresh = need('fresh', { since: hoursAgo(0) });
    expect(order([fresh, large, small])).toEqual(['small and old', 'large', 'fresh']);
  });

  it('puts what nobody knows the money of between little and much, and above it when it is grave', () => {
    const unknown = { atStakeWei: null };
    expect(
      order([
        need('little', { atStakeWei: 10n ** 14n }),
        need('unknown', unknown),
        need('much', { atStakeWei: 10n ** 16n }),
        need('grave', { ...unknown, isGrave: true }),
      ]),
    ).toEqual(['grave', 'much', 'unknown', 'little']);
  });

  it('counts what stops the pool from when it began, not from when somebody looks', () => {
    const stop = { code: 'WORKER_SILENT', short: 'x', reason: 'x' } as const;
    const known = { now: NOW, since: null };
    const silent = needOfStop({ ...stop, forMs: 5 * HOUR_MS }, known, { wei: ETH });
    expect(silent.since).toEqual(hoursAgo(5));
    const empty = { ...stop, code: 'WALLET_EMPTY', forMs: null } as const;
    const waiting = { now: NOW, since: hoursAgo(9) };
    expect(needOfStop(empty, waiting, { wei: ETH }).since).toEqual(hoursAgo(9));
    expect(needOfStop(empty, known, { wei: ETH }).since).toEqual(NOW);
    const older = need('older', { since: hoursAgo(6) });
    expect(order([silent, older])).toEqual(['older', 'WORKER_SILENT']);
  });

  it('counts a clock that runs ahead as no age, and never drops or repeats a need', () => {
    const wei = fc.option(fc.bigInt({ min: 0n, max: 10n ** 24n }));
    const one = fc.record({ wei, hours: fc.integer({ min: -5, max: 900 }), grave: fc.boolean() });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 30 }), (given) => {
        const needs = given.map(({ wei: atStakeWei, hours, grave }, n) =>
          need(String(n), { atStakeWei, since: hoursAgo(hours), isGrave: grave }),
        );
        const ranked = rankNeeds(needs, NOW);
        expect(ranked.map(({ subject }) => subject).sort()).toEqual(
          needs.map(({ subject }) => subject).sort(),
        );
        // The same order, in whatever order they came.
        expect(order(needs.toReversed())).toEqual(ranked.map(({ subject }) => subject));
        for (const [n, { urgency }] of ranked.entries()) {
          const next = ranked[n + 1];
          if (next !== undefined) expect(urgency >= next.urgency).toBe(true);
          expect(urgency >= 0n).toBe(true);
        }
      }),
    );
  });

  it('holds on both ends: more money or more age never comes later', () => {
    const positive = fc.bigInt({ min: 1n, max: 10n ** 21n });
    fc.assert(
      fc.property(positive, positive, fc.nat(500), fc.nat(500), (wei, more, hours, older) => {
        const base = need('base', { atStakeWei: wei, since: hoursAgo(hours + 1) });
        const urgent = need('urgent', {
          atStakeWei: wei + more,
          since: hoursAgo(hours + older + 1),
        });
        expect(order([base, urgent])).toEqual(['urgent', 'base']);
      }),
    );
  });
});

describe('a payout that waits', () => {
  it('has an action for each wait that a person looks at alone', () => {
    for (const code of WAIT_CODES.filter((one) => WAITS_OF_ONE.includes(one))) {
      const found = needOfPayout({
        id: 'p',
        payee: `0x${'a'.repeat(40)}`,
        amountWei: ETH,
        state: 'reserved',
        isHeld: false,
        holdReason: null,
        waitCode: code,
        waitReason: 'because',
        since: NOW,
      });
      expect([code, found.actions.length > 0, found.safe !== '']).toEqual([code, true, true]);
      expect(found.words).toBe('because');
    }
  });

  it('is held when it is, whatever it waited for before', () => {
    const found = needOfPayout({
      id: 'p',
      payee: `0x${'a'.repeat(40)}`,
      amountWei: ETH,
      state: 'reserved',
      isHeld: true,
      holdReason: 'a doubt',
      waitCode: 'PAYOUT_ABOVE_CAP',
      waitReason: 'too much',
      since: NOW,
    });
    expect(found).toMatchObject({
      code: 'PAYOUT_HELD',
      words: 'held: a doubt',
      actions: ['payout.resume', 'payout.cancel'],
    });
  });
});

describe('the wallet', () => {
  const wallet = { address: `0x${'b'.repeat(40)}`, seenAt: NOW } as const;

  it.each([
    ['lasts the week', { freeWei: 7n * ETH, perDayWei: ETH, days: 7 }, 0],
    ['does not', { freeWei: 2n * ETH, perDayWei: ETH, days: 2 }, 1],
    ['is used up', { freeWei: -ETH, perDayWei: ETH, days: 0 }, 1],
    ['pays nobody lately', { freeWei: ETH, perDayWei: 0n, days: null }, 0],
    ['was not read', { freeWei: null, perDayWei: ETH, days: null }, 0],
  ])('%s', (_, expected, needs) => {
    const runway = runwayOf(expected.freeWei, expected.perDayWei);
    expect(runway).toEqual(expected);
    expect(needOfWallet(runway, wallet)).toHaveLength(needs);
  });

  it('says what it lacks for a week, to the wei', () => {
    const [low] = needOfWallet(runwayOf(2n * ETH, ETH + 1n), wallet);
    expect(low?.atStakeWei).toBe(5n * ETH + 7n);
    expect(low?.title).toBe('The wallet lasts 2.0 more days');
  });
});

describe('a halt', () => {
  it('has a button only where a person may end it', () => {
    const actionsOf = (code: string) =>
      needOfHalt({ code, reason: 'x', at: NOW }, { wei: ETH }).actions;
    expect(actionsOf('HALTED_BY_OPERATOR')).toEqual(['wallet.resume']);
    expect(actionsOf('PAYOUTS_SWITCHED_OFF')).toEqual([]);
    expect(actionsOf('NONCE_AHEAD_OF_LEDGER')).toEqual(['wallet.adopt', 'wallet.resume']);
  });
});
