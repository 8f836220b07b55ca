/** Which months of raw events are old enough to leave the table. Months are UTC. */
import { PoolError } from '../../base/errors/pool-error.js';

/** The first instant of the month `by` months after the one that the time is in. */
export function monthStart(time: Date, by = 0): Date {
  return new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() + by));
}

/** `2025-03`. */
export function monthName(month: Date): string {
  return month.toISOString().slice(0, 7);
}

/** The month that `2025-03` names; undefined for anything else. */
export function parseMonth(text: string): Date | undefined {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) return undefined;
  return new Date(`${text}-01T00:00:00Z`);
}

/** The same month, or REQUEST_INVALID for a text that names none. */
export function requireMonth(text: string): Date {
  const month = parseMonth(text);
  if (month !== undefined) return month;
  throw new PoolError('REQUEST_INVALID', `"${text}" is no month such as 2025-03`);
}

/** A month may go when this many whole months after it, and the running one, are kept. */
export function isPastKeeping(month: Date, keepMonths: number, now: Date): boolean {
  return month.getTime() < monthStart(now, -keepMonths).getTime();
}
