/**
 * Reads a time from outside, in a query, a body, an argument, a configuration or an event. JavaScript and Postgres both accept
 * more forms than this, and not the same ones.
 */

/** The earliest time that is accepted: neither pools nor events are older. */
const EARLIEST_TIME_MS = 0;
/** Times from here on are not accepted. */
export const LATEST_MS = Date.UTC(3000, 0, 1);

const TIME =
  /^(\d{4}-\d\d-(\d\d))T((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)(\.\d{1,9})?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const DAY = /^\d{4}-\d\d-(\d\d)$/;

/** The answer to a text that is no time. */
export const TIME_WANTED =
  'give a time with its zone such as 2025-02-03T00:00:00Z, of a day that the calendar has, from 1970 to 2999';

/** A time with its zone, in milliseconds since 1970; undefined for anything else. */
export function readTime(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, date = '', day = '', clock = '', fraction = '', zone = ''] = match;
  if (!isCalendarDay(date, day)) return undefined;
  return known(Date.parse(`${date}T${clock}${fraction.slice(0, 4)}${zone}`));
}

/** A day such as 2025-02-03, which begins at midnight UTC; undefined for anything else. */
export function readDay(text: string): number | undefined {
  const [, day] = DAY.exec(text) ?? [];
  if (day === undefined || !isCalendarDay(text, day)) return undefined;
  return known(Date.parse(`${text}T00:00:00Z`));
}

function known(timeMs: number): number | undefined {
  return timeMs >= EARLIEST_TIME_MS && timeMs < LATEST_MS ? timeMs : undefined;
}

let lastDay = { date: '', isDay: false };

/**
 * Whether the calendar has this day: JavaScript silently turns February 30th into March 2nd.
 *
 * @param day the digits of the day in `date` again
 */
export function isCalendarDay(date: string, day: string): boolean {
  // The last day is remembered, because many events in a row are of one day.
  if (date !== lastDay.date) {
    const midnight = new Date(`${date}T00:00:00Z`);
    const isReal = !Number.isNaN(midnight.getTime()) && midnight.getUTCDate() === Number(day);
    lastDay = { date, isDay: isReal };
  }
  return lastDay.isDay;
}
