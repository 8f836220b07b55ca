import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DAY_MS } from '../../payees/rules/earned-days.js';
import { claimsOfDays, claimsOn, readUnits, sumClaims, type VersionClaims } from './claims.js';
import type { ClaimTerms } from './pool-terms.js';

const FIRST_MS = Date.parse('2026-03-01T00:00:00Z');
const dayAt = (n: number) => FIRST_MS + n * DAY_MS;
const claim = (perEth: string, changes: Partial<ClaimTerms> = {}): ClaimTerms => ({
  asset: 'LPT',
  perEth,
  decimals: 18,
  from: new Date(FIRST_MS),
  ...changes,
});
const version = (
  fromMs: number,
  claims: readonly ClaimTerms[],
  isWithdrawn = false,
): VersionClaims => ({ fromMs, isWithdrawn, claims });

const nets = fc.array(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 21n }), { maxLength: 60 });
const rate = fc.record({
  whole: fc.bigInt({ min: 0n, max: 10n ** 12n }),
  fraction: fc.bigInt({ min: 0n, max: 10n ** 36n - 1n }),
  decimals: fc.integer({ min: 0, max: 36 }),
});

describe('what is claimed', () => {
  it('comes over its days to the whole to the smallest unit, and never to more than the rate of what was earned', () => {
    fc.assert(
      fc.property(nets, rate, (wei, { whole, fraction, decimals }) => {
        const digits = `${fraction}`.padStart(36, '0').slice(0, decimals);
        const perEth = decimals === 0 ? `${whole}` : `${whole}.${digits}`;
        const versions = [version(0, [claim(perEth, { decimals })])];
        const days = wei.map((netWei, n) => ({ dayMs: dayAt(n), netWei }));
        const earned = wei.filter((one) => one > 0n);
        const [sum] = sumClaims(claimsOfDays(days, versions));
        const units = sum?.units ?? 0n;
        expect(units).toBe(
          days.reduce((total, day) => {
            const [alone] = sumClaims(claimsOfDays([day], versions));
            return total + (alone?.units ?? 0n);
          }, 0n),
        );
        // Said without the code's own reader: the rate is whole + digits / 10^decimals.
        const rateUnits = whole * 10n ** BigInt(decimals) + BigInt(digits || '0');
        const exact = earned.reduce((total, one) => total + one, 0n) * rateUnits;
        expect(units * 10n ** 18n).toBeLessThanOrEqual(exact);
        // Each day loses less than one unit.
        expect((units + BigInt(earned.length)) * 10n ** 18n).toBeGreaterThanOrEqual(exact);
      }),
    );
  });

  it('goes by the version that was in force when the day began, whatever comes in the course of it', () => {
    const versions = [
      version(0, []),
      version(dayAt(1) + 1, [claim('1')]),
      version(dayAt(3), [claim('2')]),
      version(dayAt(3) + 5, [claim('9')], true),
      version(dayAt(4) + DAY_MS - 1, []),
    ];
    const rates = [0, 1, 2, 3, 4, 5].map((n) => claimsOn(versions, dayAt(n))[0]?.perEth);
    expect(rates).toEqual([undefined, undefined, '1', '2', '2', undefined]);
  });

  it('begins and ends with whole days of its own', () => {
    const span = { from: new Date(dayAt(1)), until: new Date(dayAt(3)) };
    const versions = [version(0, [claim('1', span)])];
    const held = [0, 1, 2, 3].map((n) => claimsOn(versions, dayAt(n)).length);
    expect(held).toEqual([0, 1, 1, 0]);
  });

  it('adds up an asset whose digits changed, and keeps assets apart', () => {
    const both = [claim('0.5', { decimals: 2 }), claim('3', { asset: 'ABC', decimals: 0 })];
    const versions = [version(0, both), version(dayAt(1), [claim('0.125', { decimals: 3 })])];
    const days = [0, 1].map((n) => ({ dayMs: dayAt(n), netWei: 10n ** 18n }));
    expect(sumClaims(claimsOfDays(days, versions))).toEqual([
      { asset: 'ABC', units: 3n, decimals: 0, fromMs: dayAt(0), toMs: dayAt(0) },
      { asset: 'LPT', units: 625n, decimals: 3, fromMs: dayAt(0), toMs: dayAt(1) },
    ]);
  });

  it.each([
    ['12.5', 2, 1_250n],
    ['0', 0, 0n],
    ['7', 3, 7_000n],
    ['0.125', 2, undefined],
    ['01', 2, undefined],
    ['1e3', 2, undefined],
    ['-1', 2, undefined],
    ['1.', 2, undefined],
    ['', 2, undefined],
  ])('reads %s with %i digits as %s units', (text, decimals, units) => {
    expect(readUnits(text, decimals)).toBe(units);
  });
});
