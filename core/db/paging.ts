/** Keyset paging: a cursor names the last row that was shown, so that inserts shift nothing. */
import { type SQL, sql } from 'drizzle-orm';
import { PoolError } from '../base/errors/pool-error.js';

export const MAX_PAGE_SIZE = 200;

export interface PageRequest {
  /** How many items at most; more than `MAX_PAGE_SIZE` are never given. */
  readonly limit: number;
  /** `nextCursor` of the page before; null for the first. */
  readonly cursor: string | null;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Opaque; null on the last page. */
  readonly nextCursor: string | null;
}

/** What the parts of a cursor look like: anything else would be an error inside Postgres. */
export const CURSOR_PART = {
  address: /^0x[0-9a-f]{40}$/,
  integer: /^-?\d{1,17}$/,
  text: /^[^\0]{0,1000}$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
} as const;

/** The parts of a cursor, or undefined when there is none. */
export function readCursor(
  cursor: string | null,
  shapes: readonly RegExp[],
): readonly string[] | undefined {
  if (cursor === null) return undefined;
  const parts = parseParts(cursor);
  const fits =
    parts?.length === shapes.length && shapes.every((shape, at) => shape.test(parts[at] ?? ''));
  if (!fits) throw new PoolError('CURSOR_MALFORMED', 'This cursor is not one of this list.');
  return parts;
}

function parseParts(cursor: string): readonly string[] | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    const isList = Array.isArray(parts) && parts.every((part) => typeof part === 'string');
    return isList ? parts : undefined;
  } catch {
    return undefined;
  }
}

/** Rows beyond the limit only say that there is a next page: queries ask for one more than shown. */
export const rowsToAskFor = (page: PageRequest): number => Math.min(page.limit, MAX_PAGE_SIZE) + 1;

/** Cuts the rows down to the page; `cursorParts` names a row. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  page: PageRequest,
  shape: { item: (row: Row) => Item; cursorParts: (row: Row) => readonly string[] },
): Page<Item> {
  const shown = rows.slice(0, rowsToAskFor(page) - 1);
  const last = shown.at(-1);
  const hasNext = rows.length > shown.length && last !== undefined;
  return {
    items: shown.map(shape.item),
    nextCursor: hasNext
      ? Buffer.from(JSON.stringify(shape.cursorParts(last))).toString('base64url')
      : null,
  };
}

/** Joins conditions with AND; none at all means every row. */
export function allOf(conditions: readonly (SQL | undefined)[]): SQL {
  const present = conditions.filter((condition) => condition !== undefined);
  return present.length === 0 ? sql`true` : sql.join(present, sql` AND `);
}

/** A time as whole microseconds, as exact as Postgres keeps it; a Date would round it. */
export const microsOf = (column: SQL): SQL =>
  sql`(extract(epoch FROM ${column}) * 1000000)::bigint`;

/** The inverse of `microsOf`. */
export const timeOfMicros = (micros: string | undefined): SQL =>
  sql`(timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond')`;

/** Timestamps of raw queries come as text. */
export const toDate = (text: string): Date => new Date(text);
