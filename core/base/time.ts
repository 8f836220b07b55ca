/** Reads times that come from outside: JavaScript and Postgres accept more forms, and do not agree on which. */

/** The earliest time that is accepted, in milliseconds since 1970: neither pools nor events are older. */
const EARLIEST_TIME_MS = 0;
/** Times from this one on, in milliseconds since 1970, are not accepted. */
export const LATEST_MS = Date.UTC(3000, 0, 1);

const TIME =
  /^(\d{4}-\d\d-(\d\d))T((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)(\.\d{1,9})?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const DAY = /^\d{4}-\d\d-(\d\d)$/;

/** What an error tells the person who gave a text that is not a time. */
export const TIME_WANTED =
  'give a time with its zone such as 2025-02-03T00:00:00Z, of a day that the calendar has, from 1970 to 2999';

/** Reads a time with its zone into milliseconds since 1970; returns undefined for any other text. */
export function readTime(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [, date = '', day = '', clock = '', fraction = '', zone = ''] = match;
  if (!isCalendarDay(date, day)) return undefined;
  return known(Date.parse(`${date}T${clock}${fraction.slice(0, 4)}${zone}`));
}

/** Reads a day such as 2025-02-03 into the milliseconds since 1970 at its midnight UTC; undefined for other texts. */
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
 * Tells whether the calendar has this day. JavaScript itself silently turns February 30th into March 2nd.
 *
 * @param day the day of the month in `date`, as digits
 */
export function isCalendarDay(date: string, day: string): boolean {
  // The last answer is remembered, because many events in a row fall on the same day.
  if (date !== lastDay.date) {
    const midnight = new Date(`${date}T00:00:00Z`);
    const isReal = !Number.isNaN(midnight.getTime()) && midnight.getUTCDate() === Number(day);
    lastDay = { date, isDay: isReal };
  }
  return lastDay.isDay;
}
