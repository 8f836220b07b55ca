import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { PayeeTerms } from './payee-rule.js';
import { PREVIEW_HASH, previewDifference, previewHashOf } from './round-hash.js';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const terms = { thresholdWei: 2n, minIntervalMs: 60_000 };
const own = { ...terms, maxGasShareBps: null, latestAfterMs: null };
const ANN = { payee: `0x${'a'.repeat(40)}`, pendingWei: 7n, terms: own } as const;
const BOB = { payee: `0x${'b'.repeat(40)}`, pendingWei: 3n, terms: own } as const;
const under = (change: Partial<PayeeTerms>) => ({
  promised: [ANN, { ...BOB, terms: { ...own, ...change } }],
  terms,
});
const hash = previewHashOf({ promised: [ANN, BOB], terms }, digest);

describe('the hash of a preview', () => {
  it('is the same in whatever order the payees come', () => {
    expect(hash).toMatch(PREVIEW_HASH);
    expect(previewHashOf({ promised: [BOB, ANN], terms }, digest)).toBe(hash);
    expect(previewDifference(hash, hash)).toBeUndefined();
  });

  it.each([
    [
      'a payee more',
      { promised: [ANN], terms },
      /was .*\(10 wei\) for 2 payees, and is .*for 1 payee now/,
    ],
    [
      'a wei more',
      { promised: [ANN, { ...BOB, pendingWei: 4n }], terms },
      /\(10 wei\).*\(11 wei\)/,
    ],
    [
      'a wei of one for another',
      {
        promised: [
          { ...ANN, pendingWei: 6n },
          { ...BOB, pendingWei: 4n },
        ],
        terms,
      },
      /as before, for other payees, in other parts or under other terms of theirs/,
    ],
    ["another threshold of a payee's own", under({ thresholdWei: 1n }), /other terms of theirs/],
    ["another interval of a payee's own", under({ minIntervalMs: 0 }), /other terms of theirs/],
    ["a gas share of a payee's own", under({ maxGasShareBps: 0 }), /other terms of theirs/],
    ["a latest day of a payee's own", under({ latestAfterMs: 0 }), /other terms of theirs/],
    ['another threshold', { promised: [ANN, BOB], terms: { ...terms, thresholdWei: 1n } }, /terms/],
    ['another interval', { promised: [ANN, BOB], terms: { ...terms, minIntervalMs: 1 } }, /terms/],
  ])('is another for %s, and what changed is said', (_, round, words) => {
    const now = previewHashOf(round, digest);
    expect(now).not.toBe(hash);
    expect(previewDifference(hash, now)).toMatch(words);
  });
});
