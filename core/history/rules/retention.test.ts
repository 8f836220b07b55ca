import { describe, expect, it } from 'vitest';
import { isPastKeeping, monthName, monthStart, parseMonth } from './retention.js';

describe('the months of raw events', () => {
  it('are old enough when as many whole months as are kept lie after them', () => {
    const now = new Date('2026-03-31T23:59:59Z');
    const isPast = (name: string, keep: number) =>
      isPastKeeping(parseMonth(name) ?? now, keep, now);
    expect(['2026-03', '2026-02', '2026-01'].map((name) => isPast(name, 1))).toEqual([
      ...[false, false, true],
    ]);
    expect(isPast('2025-03', 12)).toBe(false);
    expect(isPast('2025-02', 12)).toBe(true);
  });

  it('begin in UTC and have one name', () => {
    expect(monthStart(new Date('2026-12-31T23:59:59Z'), 1)).toEqual(new Date('2027-01-01'));
    expect(monthName(new Date('2026-01-01'))).toBe('2026-01');
    for (const text of ['2026-13', '2026-1', 'x', '']) expect(parseMonth(text)).toBeUndefined();
  });
});
