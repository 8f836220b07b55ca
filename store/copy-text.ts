/**
 * Values as text inside statements. Several statements in one string take no parameters, and COPY
 * takes none at all: these few functions are the only place where text from outside becomes SQL.
 */
import pg from 'pg';

/** A column that can stand in an array literal. */
export type SqlValue = string | number | bigint | boolean | Date | null;

/** One field of COPY's text format. */
export function copyField(value: string | number | bigint | null): string {
  if (value === null) return '\\N';
  if (typeof value !== 'string') return value.toString();
  // Most texts hold none of these, and looking is far cheaper than replacing.
  let text = value;
  if (text.includes('\\')) text = text.replaceAll('\\', '\\\\');
  if (text.includes('\n')) text = text.replaceAll('\n', '\\n');
  if (text.includes('\t')) text = text.replaceAll('\t', '\\t');
  if (text.includes('\r')) text = text.replaceAll('\r', '\\r');
  return text.includes('\0') ? withoutNul(text) : text;
}

/** Postgres itself writes some that `copyField` does not need. */
const COPY_ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: '\n', t: '\t', r: '\r' },
  ...{ b: '\b', f: '\f', v: '\v' },
};

/** What `copyField` was given, or the field that Postgres wrote. */
export function fromCopyField(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replace(/\\([\s\S])/g, (_, char: string) => COPY_ESCAPES[char] ?? char);
}

/** A text literal. NUL, which Postgres cannot keep, becomes the replacement character. */
export function sqlText(value: string | null): string {
  return value === null ? 'NULL' : pg.escapeLiteral(withoutNul(value));
}

/** A time literal, or NULL. */
export function sqlTime(timeMs: number | null): string {
  return timeMs === null ? 'NULL::timestamptz' : `'${isoTime(timeMs)}'::timestamptz`;
}

/** An array literal of the named element type: `'{…}'::text[]`. */
export function sqlArray(
  type: 'text' | 'bigint' | 'integer' | 'numeric' | 'boolean' | 'timestamptz',
  values: Iterable<SqlValue>,
): string {
  const elements: string[] = [];
  for (const value of values) elements.push(arrayElement(value));
  return `${sqlText(`{${elements.join(',')}}`)}::${type}[]`;
}

// Events come by the second, many with the same time in a row, and formatting is slow.
let lastTime = { ms: Number.NaN, text: '' };

/** Milliseconds since 1970 as Postgres reads them. */
export function isoTime(timeMs: number): string {
  if (lastTime.ms !== timeMs) lastTime = { ms: timeMs, text: new Date(timeMs).toISOString() };
  return lastTime.text;
}

function arrayElement(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'string') return value.toString();
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

function withoutNul(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}
