/** Tests that a gap between credited and redeemed is told when chance does not explain it. */
import { expect, it } from 'vitest';
import { createRandom } from '../../../dev/kit/random.js';
import type { RevenueFigures } from '../../revenue/rules/redeemed-figures.js';
import { watchRevenue } from './watch-revenue.js';

const ETH = 10n ** 18n;
const FIGURES: RevenueFigures = {
  days: 30,
  daysWithJobs: 30,
  creditedWei: 10n * ETH,
  redeemedWei: 5n * ETH,
  redemptions: 25,
  deviationWei: 1e18,
  overdue: 0,
};
const codes = (changes: Partial<RevenueFigures>) =>
  watchRevenue({ ...FIGURES, ...changes }).map(({ code }) => code);

it('tells of a gap of more than three deviations, after fourteen days of jobs', () => {
  expect(codes({})).toEqual(['CREDITED_ABOVE_REDEEMED']);
  expect(codes({ redeemedWei: 7n * ETH })).toEqual([]);
  expect(codes({ redeemedWei: 7n * ETH - 10n ** 12n })).toEqual(['CREDITED_ABOVE_REDEEMED']);
  expect(codes({ daysWithJobs: 13 })).toEqual([]);
  expect(codes({ redeemedWei: 11n * ETH, deviationWei: 0 })).toEqual([]);
  expect(codes({ redeemedWei: 0n, redemptions: 0, deviationWei: 0 })).toEqual([
    'CREDITED_ABOVE_REDEEMED',
  ]);
  expect(codes({ creditedWei: 0n, redeemedWei: 0n, deviationWei: 0, overdue: 2 })).toEqual([
    'REDEMPTIONS_UNSEEN',
  ]);
});

it('is quiet about honest pools, and not about one that credits twice what it earns', () => {
  const random = createRandom(7);
  // A month of a pool whose tickets of 0.2 ETH win about sixty times: it earns 12 ETH in the mean.
  const month = (creditedWei: bigint) => {
    let redemptions = 0;
    for (let ticket = 0; ticket < 6_000; ticket += 1)
      if (random.int(1, 100) === 1) redemptions += 1;
    const redeemedWei = BigInt(redemptions) * (ETH / 5n);
    const deviationWei = Math.sqrt(redemptions) * 0.2e18;
    return codes({ creditedWei, redeemedWei, redemptions, deviationWei }).length;
  };
  const months = Array.from({ length: 300 }, () => month(12n * ETH));
  expect(months.filter((found) => found > 0).length).toBeLessThan(6);
  const greedy = Array.from({ length: 100 }, () => month(24n * ETH));
  expect(greedy.filter((found) => found > 0).length).toBeGreaterThan(95);
});
