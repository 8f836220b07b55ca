import { expect, it } from 'vitest';
import { sayToStderr } from '../scratch.js';
import { benchGrowth } from './growth.js';

it('a short and a long history are measured in turn, AI jobs that wait among them', async () => {
  const figures = await benchGrowth({
    rows: [20_000, 100_000],
    payees: 100,
    say: sayToStderr,
  });
  const { sizes, ...ratios } = figures;
  expect(Object.keys(ratios).sort()).toEqual([
    ...['emptyPassPostgresMs', 'payees', 'ratioEmptyPass', 'ratioPayeePage'],
    ...['ratioPayoutRound', 'ratioSyncPass', 'ratioWorkersPage'],
  ]);
  for (const [key, value] of Object.entries(ratios)) expect(value, key).toBeGreaterThan(0);
  expect(sizes.map(({ rows, months }) => [rows, months])).toEqual([
    [20_000, 2],
    [100_000, 10],
  ]);
  for (const size of sizes) {
    expect(size.payoutsPerRound).toBe(100);
    for (const [key, value] of Object.entries(size)) expect(value, key).toBeGreaterThan(0);
  }
  // One row in fifty of the history; of the turns in 17 passes one half each, and pairs that began too late or too early.
  const leftByPasses = 17 * 50 + 6 * 50;
  expect(sizes.map(({ openHalves }) => openHalves)).toEqual([
    20_000 / 50 + leftByPasses,
    100_000 / 50 + leftByPasses,
  ]);
  // The floor of 10 is held in ingest-verdict.test.ts: here the middle one counts, however busy the machine.
  expect(figures.emptyPassPostgresMs).toBeLessThan(100);
}, 600_000);
