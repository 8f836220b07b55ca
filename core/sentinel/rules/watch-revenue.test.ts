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
  ticketWei: 0.1e18,
  overdue: 0,
};
const codes = (changes: Partial<RevenueFigures>) =>
  watchRevenue({ ...FIGURES, ...changes }).map(({ code }) => code);

it('tells of a gap that chance does not explain, after fourteen days of jobs', () => {
  // Tickets of 0.1 ETH: ten of them in the mean, give or take one ETH.
  expect(codes({})).toEqual(['CREDITED_ABOVE_REDEEMED']);
  expect(codes({ redeemedWei: 7n * ETH })).toEqual([]);
  expect(codes({ redeemedWei: 7n * ETH - 10n ** 12n })).toEqual(['CREDITED_ABOVE_REDEEMED']);
  expect(codes({ daysWithJobs: 13 })).toEqual([]);
  expect(codes({ redeemedWei: 11n * ETH })).toEqual([]);
  expect(codes({ redeemedWei: 0n, redemptions: 0 })).toEqual(['CREDITED_ABOVE_REDEEMED']);
  // Without a win and without a word of a ticket's worth nothing can be said, nor of tickets that win seldom.
  expect(codes({ redeemedWei: 0n, redemptions: 0, ticketWei: null })).toEqual([]);
  expect(codes({ redeemedWei: 0n, redemptions: 0, ticketWei: 1.2e18 })).toEqual([]);
  expect(codes({ creditedWei: 0n, redeemedWei: 0n, overdue: 2 })).toEqual(['REDEMPTIONS_UNSEEN']);
});

it.each([0.5, 2, 5, 10, 60])(
  'is quiet about honest pools whose tickets win %s times a month',
  (wins) => {
    const random = createRandom(7);
    const months = Array.from({ length: 1_000 }, () => {
      let redemptions = 0;
      for (let ticket = 0; ticket < 1_000; ticket += 1) {
        if (random.int(1, 1_000_000) <= wins * 1_000) redemptions += 1;
      }
      const creditedWei = BigInt(wins * 10) * (ETH / 10n);
      return codes({
        creditedWei,
        redeemedWei: BigInt(redemptions) * ETH,
        redemptions,
        ticketWei: 1e18,
      });
    });
    expect(months.filter((found) => found.length > 0).length).toBeLessThan(5);
  },
);

it('finds one that credits twice what it earns', () => {
  const random = createRandom(7);
  // A month of a pool whose tickets of 0.2 ETH win about sixty times: it earns 12 ETH in the mean.
  const month = (creditedWei: bigint) => {
    let redemptions = 0;
    for (let ticket = 0; ticket < 6_000; ticket += 1)
      if (random.int(1, 100) === 1) redemptions += 1;
    const redeemedWei = BigInt(redemptions) * (ETH / 5n);
    return codes({ creditedWei, redeemedWei, redemptions, ticketWei: 0.2e18 }).length;
  };
  const greedy = Array.from({ length: 100 }, () => month(24n * ETH));
  expect(greedy.filter((found) => found > 0).length).toBeGreaterThan(95);
});
