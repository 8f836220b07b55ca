import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatEth, formatGwei, sumWei } from './money.js';

const UINT256_MAX = 2n ** 256n - 1n;
const wei = fc.bigInt({ min: 0n, max: UINT256_MAX });

describe('formatEth', () => {
  it('shows every digit that counts and no more', () => {
    expect(formatEth(0n)).toBe('0');
    expect(formatEth(5_000_000_000_000_000n)).toBe('0.005');
    expect(formatEth(12_000_000_000_000_000_001n)).toBe('12.000000000000000001');
    expect(formatEth(-1n)).toBe('-0.000000000000000001');
  });

  it('parses back to the same wei', () => {
    fc.assert(
      fc.property(wei, (amountWei) => {
        const [whole = '', fraction = ''] = formatEth(amountWei).split('.');
        expect(BigInt(whole + fraction.padEnd(18, '0'))).toBe(amountWei);
      }),
    );
  });
});

describe('amounts as text', () => {
  it('show gas prices in gwei', () => {
    expect(formatGwei(100_000_000n)).toBe('0.1');
    expect(formatGwei(2_000_000_001n)).toBe('2.000000001');
  });

  it('add up', () => {
    expect(sumWei([])).toBe(0n);
    expect(sumWei([1n, 2n, UINT256_MAX])).toBe(UINT256_MAX + 3n);
  });
});
