import { describe, expect, it } from 'vitest';
import {
  describePage,
  FLOORS,
  misses,
  type PageRounds,
  ratioOf,
  worstRatio,
} from './api-verdict.js';

const page = (name: string, ...pairs: readonly (readonly [number, number])[]): PageRounds => ({
  page: name,
  bytes: 10,
  rounds: pairs.map(([bareRate, apiRate]) => ({ bareRate, apiRate })),
});
const GOOD = { ratioToBare: 1, payeeRatioToBare: 0.2, p99Ms: 50, whyP99Ms: 20, oldestMs: 2_000 };

describe('the verdict on the speed of the API', () => {
  it('compares within each round, so that a slow spell of the machine hits both', () => {
    // The whole machine was ten times as slow in the second round.
    expect(ratioOf(page('/', [1_000, 900], [100, 90], [1_000, 950]))).toBeCloseTo(0.9);
  });

  it('takes the worst of the shared pages', () => {
    expect(worstRatio([page('/a', [10, 20]), page('/b', [10, 5]), page('/c', [10, 10])])).toBe(0.5);
    expect(() => worstRatio([])).toThrow('no page');
  });

  it('describes a page by its medians', () => {
    expect(describePage(page('/a', [10, 20], [30, 30], [20, 90]))).toEqual({
      page: '/a',
      bytes: 10,
      bareAnswersPerSecond: 20,
      answersPerSecond: 30,
      ratio: 2,
    });
  });

  it('is content at the floors and ceilings themselves', () => {
    expect(misses(GOOD)).toEqual([]);
    expect(FLOORS).toEqual(GOOD);
  });

  it.each([
    ['ratioToBare', 0.99],
    ['payeeRatioToBare', 0.19],
    ['p99Ms', 50.1],
    ['whyP99Ms', 20.1],
    ['oldestMs', 2_001],
    ['ratioToBare', Number.NaN],
    ['p99Ms', Number.NaN],
  ] as const)('names %s when it is %s', (key, value) => {
    const found = misses({ ...GOOD, [key]: value });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`${key} is ${value}`);
  });
});
