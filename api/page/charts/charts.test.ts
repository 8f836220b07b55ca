/** Where charts put what they draw. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOTHING_EARNED } from '../../../core/payees/rules/earned-days.js';
import { layOut, spanOf } from './earned-chart.js';

const daysOf = (nets: readonly bigint[]) =>
  nets.map((netWei, n) => ({
    ...NOTHING_EARNED,
    netWei,
    grossWei: netWei,
    day: new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10),
  }));

describe('the chart of days', () => {
  it('draws each day inside of the picture, in order, and more for more', () => {
    const amount = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 24n });
    fc.assert(
      fc.property(fc.array(amount, { minLength: 1, maxLength: 90 }), (nets) => {
        const { bars, width, grid } = layOut(daysOf(nets));
        expect(bars).toHaveLength(nets.length);
        expect(grid.length).toBeGreaterThan(0);
        for (const [index, bar] of bars.entries()) {
          expect(bar.x).toBeGreaterThanOrEqual((bars[index - 1]?.x ?? -width) + width);
          expect(bar.y).toBeGreaterThanOrEqual(0);
          expect(bar.y + bar.height).toBeLessThanOrEqual(220);
          expect(bar.height === 0).toBe(bar.netWei === 0n);
        }
        const highest = bars.reduce((a, b) => (b.netWei > a.netWei ? b : a));
        if (highest.netWei > 0n) {
          const top = Math.min(...bars.filter(({ netWei }) => netWei > 0n).map(({ y }) => y));
          expect(highest.y).toBeCloseTo(top, 6);
        }
      }),
    );
  });

  it('marks days below the bars that stand for them', () => {
    const { bars, marks, width, curve } = layOut(daysOf(Array(30).fill(5n)));
    const fifth = marks.find(({ label }) => label === '5 Jan');
    expect(fifth?.x).toBeCloseTo((bars[4]?.x ?? 0) + width / 2, 6);
    expect(curve).toMatch(/^M[\d.,]+C/);
    expect(layOut(daysOf([5n, 5n])).curve).toBeNull();
  });

  it('shows seven, thirty or ninety days, and nothing else', () => {
    expect(['7', '30', '90', '31', '', undefined].map(spanOf)).toEqual([7, 30, 90, 30, 30, 30]);
  });
});
