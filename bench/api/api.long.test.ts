import { expect, it } from 'vitest';
import { sayToStderr } from '../scratch.js';
import { benchApi } from './api.js';

it('the API is asked beside a bare route, at full and at half load', async () => {
  const figures = await benchApi({
    events: 100_000,
    payees: 1_000,
    seconds: 2,
    rounds: 2,
    connections: 10,
    say: sayToStderr,
  });
  expect(figures.pages.map(({ page }) => page)).toEqual([
    '/workers',
    '/v1/workers',
    '/',
    expect.stringMatching(/^\/v1\/payees\/0x[0-9a-f]{40}$/),
  ]);
  for (const { bytes, answersPerSecond } of figures.pages) {
    expect(bytes).toBeGreaterThan(1_000);
    expect(answersPerSecond).toBeGreaterThan(10);
  }
  // Wide limits: other tests and other work may take most of the machine meanwhile. The floors are the bench's own.
  expect(figures.ratioToBare).toBeGreaterThan(0.5);
  expect(figures.payeeRatioToBare).toBeGreaterThan(0.03);
  expect(figures.p99Ms).toBeLessThan(1_000);
  expect(figures.whyP99Ms).toBeLessThan(500);
  expect(figures.oldestMs).toBeLessThan(2_500);
}, 600_000);
