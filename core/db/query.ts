import { Column, type GetColumnData, is, type Param, type SQL, sql } from 'drizzle-orm';
import type { Reader } from './database.js';

/** Runs raw SQL; numeric, bigint and timestamptz come back as text, as Postgres wrote them. */
export async function query<Row>(reader: Reader, statement: SQL): Promise<readonly Row[]> {
  const result = await reader.execute(statement);
  return result.rows as unknown as readonly Row[];
}

/** Decodes a field that is not null: a column as drizzle does, or by a function (int8, numeric and times are texts). */
export type Decoder = Column | ((value: never) => unknown);
/** A decoder for a field that may be null, such as one of an outer join. */
interface Nullable<Inner extends Decoder> {
  readonly orNull: Inner;
}
type Shape = Readonly<Record<string, Decoder | Nullable<Decoder>>>;
type Decoded<Field> =
  Field extends Nullable<infer Inner>
    ? Decoded<Inner> | null
    : Field extends Column
      ? GetColumnData<Field>
      : Field extends (value: never) => infer Value
        ? Value
        : never;

export const orNull = <Inner extends Decoder>(inner: Inner): Nullable<Inner> => ({ orNull: inner });

/**
 * Runs raw SQL whose result has a field for each key (`SELECT amount_wei AS "amountWei"`), and decodes it. Throws a RangeError
 * when a field is missing, or null although its decoder does not allow that.
 */
export async function rows<Fields extends Shape>(
  reader: Reader,
  shape: Fields,
  statement: SQL,
): Promise<readonly { readonly [Key in keyof Fields]: Decoded<Fields[Key]> }[]> {
  const found = await query<Record<string, unknown>>(reader, statement);
  return found.map(
    (row) =>
      Object.fromEntries(
        Object.entries(shape).map(([key, field]) => [key, decode(key, field, row[key])]),
      ) as { [Key in keyof Fields]: Decoded<Fields[Key]> },
  );
}

/** Returns the SELECT list for columns of one table: `alias.amount_wei AS "amountWei"` and so on. */
export function fields(alias: string, columns: Readonly<Record<string, Column>>): SQL {
  const parts = Object.entries(columns).map(([key, { name }]) => `${alias}.${name} AS "${key}"`);
  return sql.raw(parts.join(', '));
}

function decode(key: string, field: Decoder | Nullable<Decoder>, value: unknown): unknown {
  if (value === undefined) throw new RangeError(`the statement has no field "${key}"`);
  const isNullable = is(field, Column) ? !field.notNull : 'orNull' in field;
  if (value === null) {
    if (isNullable) return null;
    throw new RangeError(`"${key}" is null and must not be`);
  }
  const inner = !is(field, Column) && 'orNull' in field ? field.orNull : field;
  return is(inner, Column)
    ? inner.mapFromDriverValue(value)
    : (inner as (value: unknown) => unknown)(value);
}

/** Makes a list one array parameter, for `= ANY(…)` and `unnest(…)`. */
export function list(values: readonly (string | number | bigint | Uint8Array | null)[]): Param {
  return sql.param(values.map((value) => (typeof value === 'bigint' ? value.toString() : value)));
}
