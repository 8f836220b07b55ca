import { PoolError } from '../domain/pool-error.js';

const DAY = /^\d{4}-\d\d-\d\d$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** A time with its zone, or a day, which begins at midnight UTC; as ISO. */
export function parseEventTime(text: string): string {
  const time = new Date(DAY.test(text) || TIME.test(text) ? text : Number.NaN);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  const words = `"${text}" is no time: give one with its zone such as 2025-02-03T00:00:00Z, or a day such as 2025-02-03`;
  throw new PoolError('REQUEST_INVALID', words);
}

/** As `parseEventTime`; null for `beginning`. */
export function parseBeginning(text: string): string | null {
  return text === 'beginning' ? null : parseEventTime(text);
}
