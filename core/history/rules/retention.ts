/** Decides which months of raw events are old enough to leave the table. All months are in UTC. */
import { PoolError } from '../../base/errors/pool-error.js';

/** Returns the first instant, in UTC, of the month that lies `by` months after the month of `time`. */
export function monthStart(time: Date, by = 0): Date {
  return new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + by));
}

/** Names a month: `2025-03`. */
export function monthName(month: Date): string {
  return month.toISOString().slice(0, 7);
}

/** Returns the month that a text such as `2025-03` names; undefined for any other text. */
export function parseMonth(text: string): Date | undefined {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) return undefined;
  return new Date(`${text}-01T00:00:00Z`);
}

/** Returns the month that the text names, like `parseMonth`; throws REQUEST_INVALID for any other text. */
export function requireMonth(text: string): Date {
  const month = parseMonth(text);
  if (month !== undefined) return month;
  throw new PoolError('REQUEST_INVALID', `"${text}" is no month such as 2025-03`);
}

/** Whether a month may leave the table. The current month stays, and so do the `keepMonths` whole months before it. */
export function isPastKeeping(month: Date, keepMonths: number, now: Date): boolean {
  return month.getTime() < monthStart(now, -keepMonths).getTime();
}
