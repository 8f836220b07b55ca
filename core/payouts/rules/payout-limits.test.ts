import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LimitedPayout, limitWait, type PayoutLimits } from './payout-limits.js';

const ETH = 10n ** 18n;
const LIMITS: PayoutLimits = {
  maxPayoutWei: ETH,
  maxPaidPerDayWei: 10n * ETH,
  maxGasShareBps: 1_000,
  terms: { thresholdBounds: { leastWei: 0n, mostWei: ETH } },
};
const payout = (changes: Partial<LimitedPayout> = {}): LimitedPayout => ({
  ...{ id: 'p', amountWei: ETH, isApproved: false, gasCostWei: ETH / 10n, burntGasWei: 0n },
  ownGasShareBps: null,
  ...changes,
});
const day = (usedWei: bigint) => ({ usedWei, nextFreeAt: new Date('2026-01-02T03:04:05Z') });

describe('the limits of a payout', () => {
  it('allow everything up to and including a limit', () => {
    expect(limitWait(payout(), LIMITS, day(9n * ETH))).toBeUndefined();
  });

  it.each([
    ['PAYOUT_ABOVE_CAP', { amountWei: ETH + 1n }, 0n, /1\.0+1 ETH \(10+1 wei\) is more/],
    ['PAYOUT_ABOVE_CAP', { amountWei: ETH + 1n }, 0n, /openpool payout approve p --reason/],
    ['GAS_SHARE_ABOVE_CAP', { gasCostWei: ETH / 10n + 1n }, 0n, /pool\.maxGasShare \(10%\)/],
    ['DAILY_CAP_REACHED', {}, 9n * ETH + 1n, /goes on by itself.* from 2026-01-02T03:04:05/],
    ['DAILY_CAP_REACHED', { amountWei: 11n * ETH, isApproved: true }, 0n, /alone.*raise it/],
  ] as const)('hold it back as %s one wei above, and say what to do', (...given) => {
    const [code, changes, usedWei, words] = given;
    const wait = limitWait(payout(changes), LIMITS, day(usedWei));
    expect(wait).toMatchObject({ code });
    expect(wait?.reason).toMatch(words);
    // It is part of what an activity returns.
    expect(JSON.parse(JSON.stringify(wait))).toEqual(wait);
  });

  it('of a single payout are lifted by an approval, but the limit of the day never is', () => {
    const approved = payout({ amountWei: 2n * ETH, gasCostWei: ETH, isApproved: true });
    expect(limitWait(approved, LIMITS, day(8n * ETH))).toBeUndefined();
    expect(limitWait(approved, LIMITS, day(8n * ETH + 1n))?.code).toBe('DAILY_CAP_REACHED');
  });

  it('keep the gas of a payee that burns it within one share in total, however often it is tried', () => {
    const costs = fc.array(fc.bigInt({ min: 1n, max: ETH / 8n }), { maxLength: 60 });
    fc.assert(
      fc.property(costs, (tried) => {
        let burntGasWei = 0n;
        for (const gasCostWei of tried) {
          const one = payout({ gasCostWei, burntGasWei });
          if (limitWait(one, LIMITS, day(0n)) === undefined) burntGasWei += gasCostWei;
        }
        expect(burntGasWei).toBeLessThanOrEqual(ETH / 10n);
      }),
    );
    const burnt = payout({ gasCostWei: 1n, burntGasWei: ETH / 10n });
    expect(limitWait(burnt, LIMITS, day(0n))?.reason).toMatch(
      /failed transfers to it have cost 0\.1 ETH.*cancel it, and a later payout of more may fit/,
    );
  });

  it('never let a day exceed its limit, in whatever order payouts come', () => {
    const amounts = fc.array(fc.bigInt({ min: 1n, max: 4n * ETH }), { maxLength: 60 });
    fc.assert(
      fc.property(amounts, fc.boolean(), (wanted, isApproved) => {
        let usedWei = 0n;
        for (const amountWei of wanted) {
          const one = payout({ amountWei, gasCostWei: 0n, isApproved });
          if (limitWait(one, LIMITS, day(usedWei)) === undefined) usedWei += amountWei;
        }
        expect(usedWei).toBeLessThanOrEqual(LIMITS.maxPaidPerDayWei);
      }),
    );
  });
});
