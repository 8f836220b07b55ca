import { type Param, type SQL, sql } from 'drizzle-orm';
import type { Reader } from './database.js';

/** Runs raw SQL; numeric, bigint and timestamptz come back as text, as Postgres wrote them. */
export async function query<Row>(reader: Reader, statement: SQL): Promise<readonly Row[]> {
  const result = await reader.execute(statement);
  return result.rows as unknown as readonly Row[];
}

/** A list as one array parameter, for `= ANY(…)` and `unnest(…)`. */
export function list(values: readonly (string | number | bigint | Uint8Array | null)[]): Param {
  return sql.param(values.map((value) => (typeof value === 'bigint' ? value.toString() : value)));
}
