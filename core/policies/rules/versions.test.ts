import { expect, it } from 'vitest';
import { isEarlier } from './versions.js';

it('orders versions by their numbers, and those without numbers not at all', () => {
  const earlier = [
    ['1', '2'],
    ['1.9.9', '1.10.0'],
    ['v1', '1.0.1'],
    ['1.0-beta', '1.1'],
  ] as const;
  for (const [one, other] of earlier) {
    expect([isEarlier(one, other), isEarlier(other, one)]).toEqual([true, false]);
  }
  const alike = [
    ['1', '1.0.0'],
    ['2.0+a', '2.0+b'],
    ['8ab3', 'f00d'],
    ['1', 'latest'],
  ] as const;
  for (const [one, other] of alike) {
    expect([isEarlier(one, other), isEarlier(other, one)]).toEqual([false, false]);
  }
});
