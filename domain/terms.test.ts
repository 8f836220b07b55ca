import { describe, expect, it } from 'vitest';
import { termsAt } from './terms.js';

const VERSIONS = [
  { id: 1, fromMs: -1e12, commissionBps: 2500 },
  { id: 2, fromMs: 1000, commissionBps: 1000 },
];

describe('dated terms', () => {
  it('hold from their first moment on and never before', () => {
    expect(termsAt(VERSIONS, 999).id).toBe(1);
    expect(termsAt(VERSIONS, 1000).id).toBe(2);
    expect(termsAt(VERSIONS, 9e12).id).toBe(2);
  });

  it('are missed loudly', () => {
    expect(() => termsAt([], 0)).toThrow(RangeError);
  });
});
