import { describe, expect, it } from 'vitest';
import {
  emptyForMs,
  eventsMissed,
  type HourCount,
  type QuietSource,
  silentForMs,
} from './source-silence.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const DAY = Date.parse('2026-03-15T00:00:00Z');

const jobs = (hourMs: number, events: number, eventType = 'job-processed'): HourCount => ({
  ...{ hourMs, eventType, version: 1, events, zeroFeeEvents: 0 },
});
/** Makes the hour counts of the week before midnight. `events` returns how many jobs an hour has. */
const week = (events: (hourOfDay: number, day: number) => number): HourCount[] =>
  Array.from({ length: 7 * 24 }, (_, i) => jobs(DAY - (i + 1) * HOUR_MS, 0)).map((hour) => {
    const day = Math.floor((DAY - hour.hourMs - 1) / (24 * HOUR_MS));
    return { ...hour, events: events(new Date(hour.hourMs).getUTCHours(), day) };
  });
const quiet = (fromMs: number, toMs: number, over: Partial<QuietSource> = {}): QuietSource => ({
  ...{ createdMs: 0, lastFreshMs: fromMs, lastSuccessMs: toMs, hours: [] },
  ...over,
});

describe('silence', () => {
  it('is the time in which a source was read and gave nothing', () => {
    expect(silentForMs(quiet(10, 25))).toBe(15);
    expect(silentForMs(quiet(25, 10))).toBe(0);
    expect(silentForMs({ lastFreshMs: null, lastSuccessMs: 5 })).toBe(0);
    expect(silentForMs({ lastFreshMs: 5, lastSuccessMs: null })).toBe(0);
  });

  it('of a source without any event lasts from when it was added until it was last read', () => {
    const empty = { createdMs: 10, lastSuccessMs: 25, hasSpoken: false };
    expect(emptyForMs(empty)).toBe(15);
    expect(emptyForMs({ ...empty, hasSpoken: true })).toBe(0);
    expect(emptyForMs({ ...empty, lastSuccessMs: null })).toBe(0);
  });

  it('is compared with the same hours of the days before, parts of hours included', () => {
    const hours = week((hour) => (hour >= 6 ? 60 : 0));
    const from = DAY + 4 * HOUR_MS;
    expect(eventsMissed(quiet(from, DAY + 6 * HOUR_MS, { hours }))).toBe(0);
    expect(eventsMissed(quiet(from, DAY + 6.5 * HOUR_MS, { hours }))).toBe(30);
    // The second day of the silence is compared with the same days before the silence.
    expect(eventsMissed(quiet(from, DAY + 31 * HOUR_MS, { hours }))).toBe(60 * 19);
  });

  it('is not compared with a single odd day, nor with workers that connect and disconnect', () => {
    const odd = week((_, day) => (day === 2 ? 1_000_000 : 1));
    const comings = odd.map(({ hourMs }) => jobs(hourMs, 500, 'worker-connected'));
    const silence = quiet(DAY, DAY + 10 * HOUR_MS, { hours: [...odd, ...comings] });
    expect(eventsMissed(silence)).toBe(10);
  });

  it('of a young source is compared with the mean of its hours, and in its first three with nothing', () => {
    const start = DAY + 5 * HOUR_MS;
    const young = (hoursOld: number) => {
      const hours = Array.from({ length: hoursOld }, (_, i) => jobs(start + i * HOUR_MS, 30));
      const from = start + hoursOld * HOUR_MS + 10 * MINUTE_MS;
      return quiet(from, from + 30 * MINUTE_MS, { createdMs: start + MINUTE_MS, hours });
    };
    expect(eventsMissed(young(0))).toBeNull();
    expect(eventsMissed(young(2))).toBeNull();
    expect(eventsMissed(young(4))).toBe(15);
  });

  it('of an old source misses nothing in hours that usually have no event', () => {
    expect(eventsMissed(quiet(DAY, DAY + 40 * HOUR_MS))).toBe(0);
  });
});
