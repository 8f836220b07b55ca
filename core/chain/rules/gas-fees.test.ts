import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { smallerWei } from '../../base/money.js';
import { bumpedGasFees, gasFeesFor, gasLimitFor } from './gas-fees.js';

const limits = { capWei: 100_000_000n, tipWei: 1_000_000n };

describe('gas fees', () => {
  it('offer twice the base fee and the tip, never more than the cap', () => {
    expect(gasFeesFor(20_000_000n, limits)).toEqual({
      maxFeePerGasWei: 41_000_000n,
      maxPriorityFeePerGasWei: 1_000_000n,
    });
    expect(gasFeesFor(80_000_000n, limits)).toMatchObject({
      maxFeePerGasWei: 100_000_000n,
    });
  });

  it('are not offered while the base fee is above the cap', () => {
    expect(gasFeesFor(300_000_000n, limits)).toBeUndefined();
  });

  it('rise by at least an eighth in both fields, or to the cap, and not at all from there', () => {
    const wei = fc.bigInt({ min: 0n, max: 200_000_000n });
    fc.assert(
      fc.property(wei, wei, wei, (maxFeePerGasWei, tip, baseFeeWei) => {
        const current = {
          maxFeePerGasWei,
          maxPriorityFeePerGasWei: smallerWei(tip, maxFeePerGasWei),
        };
        const bumped = bumpedGasFees(current, baseFeeWei, limits);
        if (bumped === undefined) {
          expect(maxFeePerGasWei).toBeGreaterThanOrEqual(limits.capWei);
          return;
        }
        expect(bumped.maxFeePerGasWei).toBeLessThanOrEqual(limits.capWei);
        expect(bumped.maxPriorityFeePerGasWei).toBeLessThanOrEqual(bumped.maxFeePerGasWei);
        for (const field of ['maxFeePerGasWei', 'maxPriorityFeePerGasWei'] as const) {
          expect(bumped[field]).toBeGreaterThan(current[field]);
          const isEighth = bumped[field] * 8n >= current[field] * 9n;
          expect(isEighth || bumped.maxFeePerGasWei === limits.capWei).toBe(true);
        }
      }),
    );
  });
});

describe('a gas limit', () => {
  it('is five quarters of the estimate, at least what was needed before, at most the cap', () => {
    const cap = 100_000n;
    expect(gasLimitFor({ estimate: 21_000n, atLeast: null, cap })).toBe(26_250n);
    expect(gasLimitFor({ estimate: 21_000n, atLeast: 60_000n, cap })).toBe(60_000n);
    expect(gasLimitFor({ estimate: 90_000n, atLeast: null, cap })).toBe(cap);
    expect(gasLimitFor({ estimate: undefined, atLeast: null, cap })).toBe(cap);
  });
});
