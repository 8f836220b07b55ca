/** Tests when a revenue share begins and ends. */
import { expect, it } from 'vitest';
import { beginningOf, judgeFile, type TermsValues, type TermsVersion } from './terms.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOON_MS = 20 * DAY_MS + 12 * HOUR_MS;
const PLAIN: TermsValues = {
  commissionBps: 2_500,
  rounding: 'commission-floor',
  thresholdWei: 1n,
  minIntervalMs: 0,
};
const SHARED: TermsValues = {
  ...PLAIN,
  commissionBps: 10_000,
  policy: {
    module: null,
    options: { revenueShare: { shareBps: 7_500, everyMs: DAY_MS } },
    hash: 's',
  },
};
const version = (values: TermsValues, id: number, fromMs: number): TermsVersion => ({
  ...values,
  id,
  fromMs,
  namedMs: fromMs,
  recordedMs: fromMs - 2 * DAY_MS,
  isWithdrawn: false,
});
const plain = [version(PLAIN, 1, 0)];
const at = (askedMs: number, nowMs = NOON_MS) => ({ askedMs, nowMs });

it('begins and ends at a midnight, an hour ahead at least; other terms begin when they say', () => {
  expect(beginningOf(SHARED, plain, at(NOON_MS))).toBe(21 * DAY_MS);
  expect(beginningOf(SHARED, plain, at(21 * DAY_MS))).toBe(21 * DAY_MS);
  expect(beginningOf(SHARED, plain, at(21 * DAY_MS + 1))).toBe(22 * DAY_MS);
  const lateMs = 21 * DAY_MS - HOUR_MS + 1;
  expect(beginningOf(SHARED, plain, at(lateMs, lateMs))).toBe(22 * DAY_MS);
  const shared = [...plain, version(SHARED, 2, 10 * DAY_MS)];
  expect(beginningOf(PLAIN, shared, at(NOON_MS))).toBe(21 * DAY_MS);
  expect(beginningOf(SHARED, shared, at(NOON_MS))).toBe(NOON_MS);
  expect(beginningOf(PLAIN, plain, at(NOON_MS))).toBe(NOON_MS);
  // Another version begins at that midnight already.
  const taken = [...plain, version({ ...PLAIN, commissionBps: 1 }, 2, 21 * DAY_MS)];
  expect(beginningOf(SHARED, taken, at(NOON_MS))).toBe(22 * DAY_MS);
});

it('lets what is said after a turn hold after it', () => {
  const turned = { ...version(SHARED, 2, 21 * DAY_MS), namedMs: NOON_MS, recordedMs: NOON_MS };
  const versions = [...plain, turned];
  const laterMs = NOON_MS + HOUR_MS;
  expect(beginningOf(PLAIN, versions, at(laterMs, laterMs))).toBe(22 * DAY_MS);
  const other = { ...SHARED, thresholdWei: 2n };
  expect(beginningOf(other, versions, at(laterMs, laterMs))).toBe(21 * DAY_MS + 1);
});

it('is an act of the file as other terms are', () => {
  const verdict = judgeFile({ values: SHARED, namedMs: NOON_MS }, plain, NOON_MS);
  expect(verdict).toEqual({ kind: 'act', namedMs: NOON_MS, fromMs: 21 * DAY_MS });
});
