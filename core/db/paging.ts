/** Keyset paging: a cursor names the last row that was shown, so rows inserted meanwhile do not shift the next page. */
import { and, type Column, type SQL, sql } from 'drizzle-orm';
import { PoolError } from '../base/errors/pool-error.js';

export const MAX_PAGE_SIZE = 200;

export interface PageRequest {
  /** At most this many items are returned, and never more than `MAX_PAGE_SIZE`. */
  readonly limit: number;
  /** The `nextCursor` of the previous page; null for the first page. */
  readonly cursor: string | null;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Opaque; null on the last page. */
  readonly nextCursor: string | null;
}

/** The kinds of parts in a cursor: the pattern of a part's text, as Postgres fails on others, and its value in SQL. */
const KINDS = {
  address: { pattern: /^0x[0-9a-f]{40}$/, value: (part: string) => sql`${part}` },
  /** A date, counted in days since 1970. */
  day: {
    pattern: /^-?\d{1,6}$/,
    value: (part: string) => sql`(date '1970-01-01' + ${part}::integer)`,
  },
  integer: { pattern: /^-?\d{1,17}$/, value: (part: string) => sql`${part}::bigint` },
  text: { pattern: /^[^\0]{0,1000}$/, value: (part: string) => sql`${part}` },
  uuid: {
    pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    value: (part: string) => sql`${part}::uuid`,
  },
  /** A time in whole microseconds, as exact as Postgres stores it; a Date would round it. */
  time: { pattern: /^-?\d{1,17}$/, value: timeOfMicros },
} as const;

interface KeyColumn {
  readonly column: SQL | Column;
  readonly kind: keyof typeof KINDS;
}

/** The columns that order a list, unique together: they make its ORDER BY, the next page's condition and its cursor. */
export class Keyset<Field extends string> {
  private readonly columns: readonly (KeyColumn & { readonly field: Field })[];

  /** @param columns in the order in which they sort; the key of each is the field of a row that holds its value */
  constructor(
    private readonly direction: 'ASC' | 'DESC',
    columns: Readonly<Record<Field, KeyColumn>>,
  ) {
    const entries = Object.entries(columns) as [Field, KeyColumn][];
    this.columns = entries.map(([field, one]) => ({ field, ...one }));
  }

  /** The list that follows ORDER BY. */
  get order(): SQL {
    const sorted = this.columns.map(({ column }) => sql`${column} ${sql.raw(this.direction)}`);
    return sql.join(sorted, sql`, `);
  }

  /** What a raw statement must select for `page`: the key's times in microseconds, which a row does not have. */
  get timeFields(): SQL {
    const times = this.columns.filter(({ kind }) => kind === 'time');
    const parts = times.map(
      ({ field, column }) => sql`${microsOf(column)} AS ${sql.identifier(field)}`,
    );
    return sql.join(parts, sql`, `);
  }

  /** The condition for rows behind the cursor; undefined for the first page. Throws CURSOR_MALFORMED. */
  after({ cursor }: PageRequest): SQL | undefined {
    const patterns = this.columns.map(({ kind }) => KINDS[kind].pattern);
    const parts = readCursor(cursor, patterns);
    if (parts === undefined) return undefined;
    const key = this.columns.map(({ column }) => sql`${column}`);
    const last = this.columns.map(({ kind }, at) => KINDS[kind].value(parts[at] ?? ''));
    const isBehind = sql.raw(this.direction === 'ASC' ? '>' : '<');
    return sql`(${sql.join(key, sql`, `)}) ${isBehind} (${sql.join(last, sql`, `)})`;
  }

  /** Cuts the rows down to the page. The query asked for one row more than is shown (`rowsToAskFor`). */
  page<Row extends Readonly<Record<Field, string | number>>, Item>(
    rows: readonly Row[],
    page: PageRequest,
    item: (row: Row) => Item,
  ): Page<Item> {
    const cursorParts = (row: Row) => this.columns.map(({ field }) => String(row[field]));
    return toPage(rows, page, { item, cursorParts });
  }
}

/** Reads the parts of a cursor; undefined when there is none. Throws CURSOR_MALFORMED. */
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

/** Returns how many rows a query must ask for: one more than is shown, which tells whether there is a next page. */
export const rowsToAskFor = (page: PageRequest): number => Math.min(page.limit, MAX_PAGE_SIZE) + 1;

/** Cuts the rows down to the page. `cursorParts` returns the values by which a cursor finds a row again. */
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
    nextCursor: hasNext ? writeCursor(shape.cursorParts(last)) : null,
  };
}

/** Makes the cursor that `readCursor` reads; for a list that is not cut out of the rows of one statement. */
export function writeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** Joins conditions with AND; none at all means every row. */
export function allOf(conditions: readonly (SQL | undefined)[]): SQL {
  return and(...conditions) ?? sql`true`;
}

/** SQL for a time in whole microseconds, as exact as Postgres stores it; a Date would round it. */
const microsOf = (column: SQL | Column): SQL =>
  sql`(extract(epoch FROM ${column}) * 1000000)::bigint`;

/** The inverse of `microsOf`. */
function timeOfMicros(micros: string): SQL {
  return sql`(timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond')`;
}
