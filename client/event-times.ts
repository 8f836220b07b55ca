import { PoolError } from '../core/base/errors/pool-error.js';
import { foreignText } from '../core/base/foreign-text.js';
import { readDay, readTime, TIME_WANTED } from '../core/base/time.js';

const LONGEST_QUOTED = 60;

/** Parses a time with a time zone, or a date, which means midnight UTC, and returns it in ISO format. */
export function parseEventTime(text: string): string {
  const timeMs = readTime(text) ?? readDay(text);
  if (timeMs !== undefined) return new Date(timeMs).toISOString();
  const words = `"${foreignText(text, LONGEST_QUOTED)}" is no time: ${TIME_WANTED}; or a day such as 2025-02-03`;
  throw new PoolError('REQUEST_INVALID', words);
}

/** Parses a time as `parseEventTime` does; `beginning` becomes null. */
export function parseBeginning(text: string): string | null {
  return text === 'beginning' ? null : parseEventTime(text);
}
