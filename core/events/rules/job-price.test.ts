import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changeRatio,
  findPriceJumps,
  type HourPrice,
  isNews,
  latestPrices,
  PriceTally,
  perUnitWei,
} from './job-price.js';

const HOUR_MS = 3_600_000;
const NOW = 1000 * HOUR_MS + 60_000;
const hour = (hoursAgo: number, perUnitWei: number, jobs = 10): HourPrice => ({
  ...{ hourMs: (1000 - hoursAgo) * HOUR_MS, nodeType: 'ai', pipeline: 'p', modelId: 'm', jobs },
  ...{ grossWei: BigInt(perUnitWei) * 7n, computeUnits: 7n },
});

interface PricedEvent {
  readonly dtMs: number;
  readonly nodeType: string;
  readonly pipeline: string | null;
  readonly modelId: string | null;
}

describe('the price tally of a batch', () => {
  it('keeps every wei and unit of paid jobs, by hour and by what they were', () => {
    const job = fc.record({
      dtMs: fc.integer({ min: 0, max: 3 * HOUR_MS }),
      nodeType: fc.constantFrom('ai' as const, 'transcode' as const),
      grossWei: fc.bigInt({ min: 0n, max: 3n }),
      computeUnits: fc.bigInt({ min: 0n, max: 3n }),
      pipeline: fc.constantFrom(null, 'a', 'b'),
      modelId: fc.constantFrom(null, 'x', 'y'),
    });
    fc.assert(
      fc.property(fc.array(job), (jobs) => {
        const tally = new PriceTally();
        for (const one of jobs) tally.add(one, one);
        const paid = jobs.filter((one) => one.grossWei > 0n && one.computeUnits > 0n);
        const groupOf = (dtMs: number, one: Omit<PricedEvent, 'dtMs'>) =>
          [Math.floor(dtMs / HOUR_MS), one.nodeType, one.pipeline ?? '', one.modelId ?? ''].join();
        const groups = tally.result();
        expect(groups).toHaveLength(new Set(paid.map((one) => groupOf(one.dtMs, one))).size);
        for (const group of groups) {
          const key = groupOf(group.hourMs, group);
          const own = paid.filter((one) => groupOf(one.dtMs, one) === key);
          expect(group.jobs).toBe(own.length);
          expect(group.grossWei).toBe(own.reduce((sum, one) => sum + one.grossWei, 0n));
          expect(group.computeUnits).toBe(own.reduce((sum, one) => sum + one.computeUnits, 0n));
        }
      }),
    );
  });

  it('has a limit for names that somebody makes up', () => {
    const tally = new PriceTally();
    for (let n = 0; n < 10_000; n += 1) {
      const named = { grossWei: 1n, computeUnits: 1n, pipeline: `p${n}`, modelId: null };
      tally.add({ dtMs: 0, nodeType: 'ai' }, named);
    }
    expect(tally.result()).toHaveLength(1_000);
  });
});

describe('a price jump', () => {
  const usual = Array.from({ length: 6 }, (_, i) => hour(i + 1, 1_000));
  const jumps = (prices: readonly HourPrice[]) => findPriceJumps(prices, { factor: 3, nowMs: NOW });

  it('is reported with both prices and the factor between them', () => {
    expect(jumps([...usual, hour(0, 3_500)])).toMatchObject([
      { priceNano: 3_500n * 10n ** 9n, usualNano: 10n ** 12n, timesHundredths: 350n },
    ]);
    expect(jumps([hour(0, 100), ...usual])).toMatchObject([{ timesHundredths: 1_000n }]);
  });

  it('is none when every hour stays within the factor of every other', () => {
    const steady = fc.array(fc.integer({ min: 1_000, max: 2_999 }), { maxLength: 40 });
    fc.assert(
      fc.property(steady, (prices) => {
        expect(jumps(prices.map((perUnit, i) => hour(i, perUnit)))).toEqual([]);
      }),
    );
  });

  it('is not made by single wild hours of the past', () => {
    const wild = [hour(7, 1), hour(8, 1_000_000)];
    expect(jumps([...usual, ...wild, hour(0, 1_100)])).toEqual([]);
  });

  it('is found for each model separately', () => {
    const other = (price: HourPrice) => ({ ...price, modelId: 'other' });
    const prices = [...usual, hour(0, 1_000), ...usual.map(other), other(hour(0, 9_000))];
    expect(jumps(prices).map(({ modelId }) => modelId)).toEqual(['other']);
  });
});

describe('the latest price', () => {
  it('is that of the latest hour with enough jobs, next to the median of the hours before', () => {
    const hours = [...Array.from({ length: 6 }, (_, i) => hour(i + 2, 1_000)), hour(1, 1_500)];
    const [latest] = latestPrices([...hours, hour(0, 9_000, 9)], NOW);
    expect(latest).toMatchObject({ hourMs: 999 * HOUR_MS, usualNano: 10n ** 12n });
    expect(latest && [changeRatio(latest), isNews(latest, NOW)]).toEqual([1.5, true]);
    expect(latest && isNews(latest, NOW + 3 * HOUR_MS)).toBe(false);
  });

  it('comes without a usual price before there were six hours', () => {
    const [latest] = latestPrices([hour(0, 5), hour(1, 5)], NOW);
    expect(latest).toMatchObject({ priceNano: 5n * 10n ** 9n, usualNano: null });
    expect(latest && changeRatio(latest)).toBeNull();
  });

  it('is written without trailing zeros', () => {
    expect([0n, 1n, 10n ** 9n, 1_250_000_000n].map(perUnitWei)).toEqual([
      ...['0', '0.000000001', '1', '1.25'],
    ]);
  });
});
