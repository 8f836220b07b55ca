/** Where charts put what they draw. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEIGHT, layOut } from './day-chart.js';
import { spanOf } from './spans.js';

const daysOf = (count: number) =>
  Array.from({ length: count }, (_, n) =>
    new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10),
  );

describe('the chart of days', () => {
  it('draws each day inside of the picture, in order, and more for more', () => {
    const amount = fc.bigInt({ min: -(10n ** 18n), max: 10n ** 24n });
    const amounts = fc.array(fc.tuple(amount, amount), { minLength: 1, maxLength: 90 });
    fc.assert(
      fc.property(amounts, (pairs) => {
        const series = [pairs.map(([first]) => first), pairs.map(([, second]) => second)];
        const { bars, width, grid } = layOut(daysOf(pairs.length), series);
        expect(bars.map((those) => those.length)).toEqual([pairs.length, pairs.length]);
        expect(grid.length).toBeGreaterThan(0);
        const all = pairs.flatMap((pair, day) =>
          pair.map((wei, n) => ({ wei, ...(bars[n]?.[day] ?? { x: 0, y: -1, height: 0 }) })),
        );
        for (const [index, bar] of all.entries()) {
          expect(bar.x).toBeGreaterThanOrEqual((all[index - 1]?.x ?? -width) + width - 1e-6);
          expect(bar.y).toBeGreaterThanOrEqual(0);
          expect(bar.y + bar.height).toBeLessThanOrEqual(HEIGHT);
          expect(bar.height === 0).toBe(bar.wei === 0n);
        }
        const highest = all.reduce((a, b) => (b.wei > a.wei ? b : a));
        if (highest.wei > 0n) {
          const top = Math.min(...all.filter(({ wei }) => wei > 0n).map(({ y }) => y));
          expect(highest.y).toBeCloseTo(top, 6);
        }
      }),
    );
  });

  it('marks days below the bars that stand for them', () => {
    const { bars, marks, width, curve } = layOut(daysOf(30), [Array(30).fill(5n)]);
    const fifth = marks.find(({ label }) => label === '5 Jan');
    expect(fifth?.x).toBeCloseTo((bars[0]?.[4]?.x ?? 0) + width / 2, 6);
    expect(curve).toMatch(/^M[\d.,]+C/);
    expect(layOut(daysOf(2), [[5n, 5n]]).curve).toBeNull();
  });

  it('shows seven, thirty or ninety days, and nothing else', () => {
    expect(['7', '30', '90', '31', '', undefined].map(spanOf)).toEqual([7, 30, 90, 30, 30, 30]);
  });
});
