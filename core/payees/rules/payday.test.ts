import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../dev/kit/random.js';
import { DAY_MS } from './earned-days.js';
import { estimatePayday, type PaydayFacts, paydayWords } from './payday.js';

const NOW_MS = Date.parse('2026-06-10T12:00:00Z');
const dayOf = (netWei: bigint, jobs = 10) => ({
  jobs,
  grossWei: netWei + netWei / 3n,
  commissionWei: netWei / 3n,
});
const facts = (changes: Partial<PaydayFacts> = {}): PaydayFacts => ({
  nowMs: NOW_MS,
  pendingWei: 0n,
  thresholdWei: 1_000n,
  days: Array.from({ length: 7 }, () => dayOf(100n)),
  notBeforeMs: null,
  roundIntervalMs: 0,
  ...changes,
});
const inDays = (days: number) => NOW_MS + days * DAY_MS;

/** Random facts whose estimate is a range. */
function invent(seed: number): PaydayFacts {
  const draw = createRandom(seed);
  const scale = 10n ** BigInt(draw.int(0, 15));
  const days = Array.from({ length: 7 }, () =>
    dayOf(draw.int(0, 3) === 0 ? 0n : BigInt(draw.int(1, 1_000)) * scale, draw.int(7, 50)),
  );
  const thresholdWei = BigInt(draw.int(1_000, 100_000)) * scale;
  const pendingWei = BigInt(draw.int(-500, 999)) * scale;
  const roundIntervalMs = draw.int(0, 3) * 3_600_000;
  const notBeforeMs = draw.int(0, 1) === 0 ? null : NOW_MS + draw.int(-9, 9) * DAY_MS;
  return facts({ days, thresholdWei, pendingWei, roundIntervalMs, notBeforeMs });
}

describe('the estimate of the next payout', () => {
  it('is exact for a payee that earns the same every day, and a range for others', () => {
    const even = { kind: 'expected', earliestMs: inDays(10), latestMs: inDays(10) };
    expect(estimatePayday(facts())).toEqual(even);
    const uneven = [0n, 50n, 100n, 100n, 100n, 150n, 200n].map((netWei) => dayOf(netWei));
    // The best four days make 137.5 a day, the worst four 62.5.
    expect(estimatePayday(facts({ days: uneven, thresholdWei: 1_100n }))).toEqual({
      kind: 'expected',
      earliestMs: inDays(8),
      latestMs: inDays(17.6),
    });
  });

  it('waits for the minimum interval and, at the latest, for the round after it', () => {
    const later = facts({ notBeforeMs: inDays(12), roundIntervalMs: 1_000 });
    const range = { earliestMs: inDays(12), latestMs: inDays(12) + 1_000 };
    expect(estimatePayday(later)).toMatchObject(range);
  });

  it('says that it is reached, and that it does not know', () => {
    expect(estimatePayday(facts({ pendingWei: 1_000n }))).toEqual({ kind: 'reached' });
    const few = { kind: 'unknown', why: 'few-jobs' };
    const two = [...facts().days.slice(0, 2), ...Array.from({ length: 5 }, () => dayOf(0n, 30))];
    expect(estimatePayday(facts({ days: two }))).toEqual(few);
    expect(estimatePayday(facts({ days: facts().days.map(() => dayOf(100n, 2)) }))).toEqual(few);
    expect(estimatePayday(facts({ days: [] }))).toEqual(few);
    const far = { kind: 'unknown', why: 'far-off' };
    expect(estimatePayday(facts({ thresholdWei: 36_501n }))).toEqual(far);
    // Without a threshold nothing is reached as long as nothing is pending.
    expect(estimatePayday(facts({ thresholdWei: 0n }))).toMatchObject({ kind: 'expected' });
  });

  it('is said in a sentence', () => {
    const said = (changes: Partial<PaydayFacts>) => paydayWords(estimatePayday(facts(changes)));
    expect(said({})).toBe(
      'the threshold is reached on 2026-06-20 at the pace of the last seven days',
    );
    expect(said({ roundIntervalMs: DAY_MS })).toContain('between 2026-06-20 and 2026-06-21');
    expect(said({ pendingWei: 1_000n })).toBe('the threshold is reached');
    expect(said({ days: [] })).toContain('too little work');
    expect(said({ thresholdWei: 99_999n })).toContain('more than a year');
  });

  it('has the pace of the mean in its range, whatever the days', () => {
    let ranges = 0;
    for (let seed = 1; seed <= 2_000; seed += 1) {
      const one = invent(seed);
      const found = estimatePayday(one);
      if (found.kind !== 'expected') continue;
      ranges += 1;
      const { earliestMs, latestMs } = found;
      const sum = one.days.reduce((all, day) => all + day.grossWei - day.commissionWei, 0n);
      const missing = one.thresholdWei - one.pendingWei;
      const meanMs = NOW_MS + Number((missing * 7n * BigInt(DAY_MS)) / sum);
      const middleMs = Math.max(meanMs, one.notBeforeMs ?? NOW_MS);
      expect(earliestMs).toBeGreaterThanOrEqual(NOW_MS);
      expect(earliestMs).toBeLessThanOrEqual(middleMs + 1);
      expect(latestMs + 1).toBeGreaterThanOrEqual(middleMs + one.roundIntervalMs);
      // At most twice as long as the pace of the mean.
      const most = Math.max(NOW_MS + 2 * (meanMs - NOW_MS) + 2, one.notBeforeMs ?? NOW_MS);
      expect(latestMs).toBeLessThanOrEqual(most + one.roundIntervalMs);
    }
    expect(ranges).toBeGreaterThan(1_000);
  });

  it('never comes later when more is pending or more was earned, and knows no unit', () => {
    for (let seed = 1; seed <= 1_000; seed += 1) {
      const one = invent(seed);
      const found = estimatePayday(one);
      if (found.kind !== 'expected') continue;
      const more = estimatePayday({ ...one, pendingWei: one.pendingWei + 1n });
      const faster = estimatePayday({
        ...one,
        days: one.days.map((day, n) => ({ ...day, grossWei: day.grossWei + BigInt(n) })),
      });
      for (const sooner of [more, faster]) {
        if (sooner.kind !== 'expected') expect(sooner.kind).toBe('reached');
        else {
          expect(sooner.earliestMs).toBeLessThanOrEqual(found.earliestMs);
          expect(sooner.latestMs).toBeLessThanOrEqual(found.latestMs);
        }
      }
      const scaled = {
        ...one,
        pendingWei: one.pendingWei * 1_000n,
        thresholdWei: one.thresholdWei * 1_000n,
        days: one.days.map(({ jobs, grossWei, commissionWei }) => ({
          jobs,
          grossWei: grossWei * 1_000n,
          commissionWei: commissionWei * 1_000n,
        })),
      };
      expect(estimatePayday(scaled)).toEqual(found);
    }
  });
});
