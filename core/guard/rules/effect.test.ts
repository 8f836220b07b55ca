import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../dev/kit/random.js';
import { judgeEffect, judgeHours } from './effect.js';

/** Hands out jobs, of which excluded workers get this share. */
function seen(
  seed: number,
  jobs: number,
  given: { readonly share: number; readonly before: number },
) {
  const random = createRandom(seed);
  let toExcluded = 0;
  for (let n = 0; n < jobs; n += 1) if (random.chance(given.share)) toExcluded += 1;
  return { jobs, toExcluded, expected: jobs * given.before };
}

describe('whether a list of preferred workers is obeyed', () => {
  it.each([
    ['obeyed', 0],
    ['obeyed', 0.005],
    ['ignored', 0.2],
    ['ignored', 0.12],
  ] as const)(
    'is found after 200 jobs, and wrong at most once in twenty: %s at a share of %d',
    (truth, share) => {
      const verdicts = Array.from({ length: 2_000 }, (_, seed) =>
        judgeEffect(seen(seed, 200, { share, before: 0.2 })),
      );
      const right = verdicts.filter((one) => one === truth).length;
      expect(right / verdicts.length).toBeGreaterThan(0.95);
    },
  );

  it('is hardly ever called obeyed where the list is ignored, even by an orchestrator that likes the slow ones half as much', () => {
    for (const before of [0.05, 0.1, 0.3]) {
      const verdicts = Array.from({ length: 2_000 }, (_, seed) =>
        judgeEffect(seen(seed, 400, { share: before / 2, before })),
      );
      expect(verdicts.filter((one) => one === 'obeyed').length / 2_000).toBeLessThan(0.05);
    }
  });

  it('is not told by fewer than 200 jobs, nor when the excluded ones had next to none before', () => {
    expect(judgeEffect({ jobs: 199, toExcluded: 0, expected: 60 })).toBe('not enough');
    expect(judgeEffect({ jobs: 5_000, toExcluded: 0, expected: 60 })).toBe('not enough');
  });

  it('is told hour by hour, so that an orchestrator that changes is noticed', () => {
    const hour = (n: number, toExcluded: number) => ({
      hourMs: n,
      jobs: 100,
      toExcluded,
      expected: 20,
    });
    const judged = judgeHours([hour(1, 0), hour(2, 0), hour(3, 22), hour(4, 19)]);
    expect(judged.map(({ hourMs, verdict }) => [hourMs, verdict])).toEqual([
      [4, 'ignored'],
      [3, 'ignored'],
      [2, 'obeyed'],
      [1, 'not enough'],
    ]);
  });
});
