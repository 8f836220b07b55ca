import { expect, it } from 'vitest';
import { benchMemory } from './memory.js';

it('measures what a whole worker holds', async () => {
  const figures = await benchMemory({ events: 20_000, say: () => undefined });
  expect(figures.answerMb).toBeGreaterThan(50);
  expect(figures.readyRssMb).toBeGreaterThan(100);
  expect(figures.peakRssMb).toBeGreaterThanOrEqual(figures.readyRssMb);
  // Far from what a worker needs that holds an answer of any length.
  expect(figures.peakRssMb).toBeLessThan(600);
}, 600_000);
