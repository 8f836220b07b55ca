import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ROUNDINGS, type Rounding, sumWei } from '../../base/money.js';
import { splitFee } from './commission.js';

const wei = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
const bps = fc.integer({ min: 0, max: 10_000 });
const rounding = fc.constantFrom(...ROUNDINGS);

describe('splitFee', () => {
  it('returns a commission and a net that add up to the gross by every rule, for one job and for many', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(wei, bps, rounding)), (jobs) => {
        const splits = jobs.map(([grossWei, commissionBps, rule]) =>
          splitFee(grossWei, { commissionBps, rounding: rule }),
        );
        for (const [i, { commissionWei, netWei }] of splits.entries()) {
          expect(commissionWei + netWei).toBe(jobs[i]?.[0]);
          expect(commissionWei).toBeGreaterThanOrEqual(0n);
          expect(netWei).toBeGreaterThanOrEqual(0n);
        }
        const both = sumWei(splits.flatMap(({ commissionWei, netWei }) => [commissionWei, netWei]));
        expect(both).toBe(sumWei(jobs.map(([grossWei]) => grossWei)));
      }),
    );
  });

  it('rounds by less than one wei, in favour of the payee or of the pool, as the rule says', () => {
    fc.assert(
      fc.property(wei, bps, (grossWei, commissionBps) => {
        const exact = grossWei * BigInt(commissionBps);
        const taken = (rule: Rounding) =>
          splitFee(grossWei, { commissionBps, rounding: rule }).commissionWei * 10_000n;
        const [below, above] = [exact - taken('commission-floor'), taken('net-floor') - exact];
        for (const off of [below, above]) {
          expect(off).toBeGreaterThanOrEqual(0n);
          expect(off).toBeLessThan(10_000n);
        }
        // The two rules differ by the one wei that cannot be split, and not at all where the split is exact.
        expect(below + above).toBe(exact % 10_000n === 0n ? 0n : 10_000n);
      }),
    );
  });

  it('handles the extremes: a fee of nothing or one wei, a commission of all or none of it', () => {
    const floor = (commissionBps: number) =>
      ({ commissionBps, rounding: 'commission-floor' }) as const;
    const net = (commissionBps: number) => ({ commissionBps, rounding: 'net-floor' }) as const;
    expect(splitFee(0n, floor(2500))).toEqual({ commissionWei: 0n, netWei: 0n });
    expect(splitFee(1n, floor(2500))).toEqual({ commissionWei: 0n, netWei: 1n });
    expect(splitFee(0n, net(2500))).toEqual({ commissionWei: 0n, netWei: 0n });
    expect(splitFee(1n, net(2500))).toEqual({ commissionWei: 1n, netWei: 0n });
    for (const share of [floor, net]) {
      expect(splitFee(10n, share(10_000))).toEqual({ commissionWei: 10n, netWei: 0n });
      expect(splitFee(10n, share(0))).toEqual({ commissionWei: 0n, netWei: 10n });
    }
  });

  it('refuses negative fees, shares outside 0..10000 and unknown rules', () => {
    const rule = { rounding: 'commission-floor' } as const;
    expect(() => splitFee(-1n, { commissionBps: 0, ...rule })).toThrow(/negative/);
    for (const commissionBps of [-1, 10_001, 2.5, Number.NaN]) {
      expect(() => splitFee(1n, { commissionBps, ...rule })).toThrow(/basis points/);
    }
    const unknown = { commissionBps: 1, rounding: 'as-you-like' as Rounding };
    expect(() => splitFee(1n, unknown)).toThrow(/no rounding "as-you-like"/);
  });
});
