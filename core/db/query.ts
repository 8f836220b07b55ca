import {
  Column,
  fillPlaceholders,
  type GetColumnData,
  is,
  type Param,
  type SQL,
  sql,
} from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import pg from 'pg';
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

type DecodedRow<Fields extends Shape> = { readonly [Key in keyof Fields]: Decoded<Fields[Key]> };

/**
 * Runs raw SQL whose result has a field for each key (`SELECT amount_wei AS "amountWei"`), and decodes it. Throws a RangeError
 * when a field is missing, or null although its decoder does not allow that.
 */
export async function rows<Fields extends Shape>(
  reader: Reader,
  shape: Fields,
  statement: SQL,
): Promise<readonly DecodedRow<Fields>[]> {
  return decodeRows(shape, await query<Record<string, unknown>>(reader, statement));
}

type Value = string | number | boolean | readonly string[] | null;

const dialect = new PgDialect();
/** Postgres' own texts, as `query` gets them: times are not converted twice. */
const TEXTS = new Set([1082, 1114, 1115, 1182, 1184, 1185, 1186, 1187, 1231]);
const types: pg.CustomTypesConfig = {
  getTypeParser: (id, format) =>
    TEXTS.has(id) ? (text: string) => text : pg.types.getTypeParser(id, format),
};

/**
 * Makes a read like `rows` whose SQL is written once, and which Postgres plans once for each connection: for reads that
 * come thousands of times a second, of which planning would be the greater part. Each value is a parameter.
 */
export function prepared<Fields extends Shape, const Key extends string>(
  name: string,
  shape: Fields,
  keys: readonly Key[],
  write: (values: Readonly<Record<Key, SQL>>) => SQL,
): (
  reader: Reader,
  values: Readonly<Record<Key, Value>>,
) => Promise<readonly DecodedRow<Fields>[]> {
  const writeWith = (wrap: (key: Key) => SQL) =>
    write(Object.fromEntries(keys.map((key) => [key, wrap(key)])) as Record<Key, SQL>);
  let written: { readonly sql: string; readonly params: unknown[] } | undefined;
  return async (reader, values) => {
    if (!('$client' in reader)) {
      const statement = writeWith((key) => sql`${sql.param(values[key])}`);
      return rows(reader, shape, statement);
    }
    written ??= dialect.sqlToQuery(writeWith((key) => sql`${sql.placeholder(key)}`));
    const { rows: found } = await reader.$client.query<Record<string, unknown>>({
      name,
      text: written.sql,
      values: fillPlaceholders(written.params, values),
      types,
    });
    return decodeRows(shape, found);
  };
}

function decodeRows<Fields extends Shape>(
  shape: Fields,
  found: readonly Readonly<Record<string, unknown>>[],
): readonly DecodedRow<Fields>[] {
  const decoders = decodersOf(shape);
  return found.map((row) => {
    const decoded: Record<string, unknown> = {};
    for (const { key, isNullable, decode } of decoders) {
      const value = row[key];
      if (value === undefined) throw new RangeError(`the statement has no field "${key}"`);
      if (value === null && !isNullable) throw new RangeError(`"${key}" is null and must not be`);
      decoded[key] = value === null ? null : decode(value);
    }
    return decoded as DecodedRow<Fields>;
  });
}

/** Returns the SELECT list for columns of one table: `alias.amount_wei AS "amountWei"` and so on. */
export function fields(alias: string, columns: Readonly<Record<string, Column>>): SQL {
  const parts = Object.entries(columns).map(([key, { name }]) => `${alias}.${name} AS "${key}"`);
  return sql.raw(parts.join(', '));
}

interface FieldDecoder {
  readonly key: string;
  readonly isNullable: boolean;
  readonly decode: (value: unknown) => unknown;
}

/** Kept, because working out what a field is takes longer than decoding it. */
const known = new WeakMap<Shape, readonly FieldDecoder[]>();

function decodersOf(shape: Shape): readonly FieldDecoder[] {
  const kept = known.get(shape);
  if (kept !== undefined) return kept;
  const decoders = Object.entries(shape).map(([key, field]) => ({ key, ...decoderOf(field) }));
  known.set(shape, decoders);
  return decoders;
}

function decoderOf(field: Decoder | Nullable<Decoder>): Omit<FieldDecoder, 'key'> {
  const isNullable = is(field, Column) ? !field.notNull : 'orNull' in field;
  const inner = !is(field, Column) && 'orNull' in field ? field.orNull : field;
  const decode = is(inner, Column)
    ? (value: unknown) => inner.mapFromDriverValue(value)
    : (inner as (value: unknown) => unknown);
  return { isNullable, decode };
}

/** Makes a list one array parameter, for `= ANY(…)` and `unnest(…)`. */
export function list(values: readonly (string | number | bigint | Uint8Array | null)[]): Param {
  return sql.param(values.map((value) => (typeof value === 'bigint' ? value.toString() : value)));
}
