import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatEth, formatGwei, parseWei, splitFee, sumWei } from './money.js';

const UINT256_MAX = 2n ** 256n - 1n;
const wei = fc.bigInt({ min: 0n, max: UINT256_MAX });
const bps = fc.integer({ min: 0, max: 10_000 });

describe('splitFee', () => {
  it('gives commission and net that add up to the gross, to the wei', () => {
    fc.assert(
      fc.property(wei, bps, (grossWei, commissionBps) => {
        const { commissionWei, netWei } = splitFee(grossWei, commissionBps);
        expect(commissionWei + netWei).toBe(grossWei);
        expect(commissionWei).toBeGreaterThanOrEqual(0n);
        expect(netWei).toBeGreaterThanOrEqual(0n);
      }),
    );
  });

  it('rounds in favour of the payee, by less than one wei', () => {
    fc.assert(
      fc.property(wei, bps, (grossWei, commissionBps) => {
        const exact = grossWei * BigInt(commissionBps);
        const taken = splitFee(grossWei, commissionBps).commissionWei * 10_000n;
        expect(exact - taken).toBeGreaterThanOrEqual(0n);
        expect(exact - taken).toBeLessThan(10_000n);
      }),
    );
  });

  it('knows its corners: nothing, one wei, all and none of it', () => {
    expect(splitFee(0n, 2500)).toEqual({ commissionWei: 0n, netWei: 0n });
    expect(splitFee(1n, 2500)).toEqual({ commissionWei: 0n, netWei: 1n });
    expect(splitFee(10n, 10_000)).toEqual({ commissionWei: 10n, netWei: 0n });
    expect(splitFee(10n, 0)).toEqual({ commissionWei: 0n, netWei: 10n });
  });

  it('refuses negative fees and shares outside 0..10000', () => {
    expect(() => splitFee(-1n, 0)).toThrow(/negative/);
    for (const share of [-1, 10_001, 2.5, Number.NaN]) {
      expect(() => splitFee(1n, share)).toThrow(/basis points/);
    }
  });
});

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
  it('are read only when they are plain whole numbers', () => {
    expect(parseWei('123456789012345678901234567890')).toBe(123456789012345678901234567890n);
    for (const text of ['', '-1', '+1', '1.0', '1e18', '0x10', ' 1', '01']) {
      expect(() => parseWei(text)).toThrow(/whole number of wei/);
    }
  });

  it('show gas prices in gwei', () => {
    expect(formatGwei(100_000_000n)).toBe('0.1');
    expect(formatGwei(2_000_000_001n)).toBe('2.000000001');
  });

  it('add up', () => {
    expect(sumWei([])).toBe(0n);
    expect(sumWei([1n, 2n, UINT256_MAX])).toBe(UINT256_MAX + 3n);
  });
});
