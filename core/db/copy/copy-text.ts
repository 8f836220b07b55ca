/** Writes values as text where statements take no parameters: only here does text from outside become SQL. */

/** A value that can be an element of an array literal. */
export type SqlValue = string | number | bigint | boolean | Date | null;

// A pattern of one character and a replacement without references: so the engine counts and copies once. Any other way of
// replacing makes a piece for each match, and texts have megabytes.
const BACKSLASHES = /\\/g;

/** Writes one field in COPY's text format. */
export function copyField(value: string | number | bigint | null): string {
  if (value === null) return '\\N';
  if (typeof value !== 'string') return value.toString();
  // Most texts contain none of these characters, and searching is far cheaper than replacing.
  let text = value;
  if (text.includes('\\')) text = text.replace(BACKSLASHES, '\\\\');
  if (text.includes('\n')) text = text.replace(/\n/g, '\\n');
  if (text.includes('\t')) text = text.replace(/\t/g, '\\t');
  if (text.includes('\r')) text = text.replace(/\r/g, '\\r');
  return text.includes('\0') ? withoutNul(text) : text;
}

/** Escapes that Postgres itself writes; `copyField` needs only some of them. */
const COPY_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
};

/** Reads back a field in COPY's text format, written by `copyField` or by Postgres. */
export function fromCopyField(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replace(/\\([\s\S])/g, (_, char: string) => COPY_ESCAPES[char] ?? char);
}

/** Writes a text literal. NUL, which Postgres cannot store, becomes the replacement character. */
export function sqlText(value: string | null): string {
  if (value === null) return 'NULL';
  // pg's own function builds the text character by character, which is slow for texts of megabytes.
  let text = withoutNul(value);
  if (text.includes("'")) text = text.replace(/'/g, "''");
  return text.includes('\\') ? ` E'${text.replace(BACKSLASHES, '\\\\')}'` : `'${text}'`;
}

/** Writes a time literal, or NULL. */
export function sqlTime(timeMs: number | null): string {
  return timeMs === null ? 'NULL::timestamptz' : `'${isoTime(timeMs)}'::timestamptz`;
}

type ElementType = 'text' | 'bigint' | 'integer' | 'numeric' | 'boolean' | 'timestamptz' | 'date';

/** Writes rows as `unnest(…)` of one array literal for each column. */
export function sqlRows<Row>(
  rows: readonly Row[],
  columns: readonly (readonly [ElementType, (row: Row) => SqlValue])[],
): string {
  const arrays = columns.map(([type, pick]) => sqlArray(type, rows.map(pick)));
  return `unnest(${arrays.join(', ')})`;
}

/** Writes an array literal of the named element type: `'{…}'::text[]`. */
export function sqlArray(type: ElementType, values: Iterable<SqlValue>): string {
  const elements: string[] = [];
  for (const value of values) elements.push(arrayElement(value));
  return `${sqlText(`{${elements.join(',')}}`)}::${type}[]`;
}

const DAY_MS = 86_400_000;
const TWO_DIGITS = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'));
// The day of the last time is kept: the events of a batch lie within a few days, and Date's own formatting is slow.
let lastDay = { startMs: Number.NaN, text: '' };

/** Formats a time, in milliseconds since 1970, as Postgres reads it. */
export function isoTime(timeMs: number): string {
  const restMs = timeMs - lastDay.startMs;
  if (!(restMs >= 0 && restMs < DAY_MS)) {
    const startMs = Math.floor(timeMs / DAY_MS) * DAY_MS;
    lastDay = { startMs, text: new Date(startMs).toISOString().slice(0, 11) };
    return isoTime(timeMs);
  }
  const hours = TWO_DIGITS[Math.floor(restMs / 3_600_000)];
  const minutes = TWO_DIGITS[Math.floor(restMs / 60_000) % 60];
  const seconds = TWO_DIGITS[Math.floor(restMs / 1_000) % 60];
  const fraction = restMs % 1_000 === 0 ? '' : `.${String(restMs % 1_000).padStart(3, '0')}`;
  return `${lastDay.text}${hours}:${minutes}:${seconds}${fraction}Z`;
}

/** Formats the UTC day of a time, in milliseconds since 1970, as `YYYY-MM-DD`. */
export const isoDay = (timeMs: number): string => isoTime(timeMs).slice(0, 10);

function arrayElement(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'string') return value.toString();
  let text = value;
  if (text.includes('\\')) text = text.replace(BACKSLASHES, '\\\\');
  if (text.includes('"')) text = text.replace(/"/g, '\\"');
  return `"${text}"`;
}

/** Replaces NUL, which Postgres cannot store, by the replacement character. */
export function withoutNul(text: string): string {
  return text.includes('\0') ? text.replace(/\0/g, '\uFFFD') : text;
}
