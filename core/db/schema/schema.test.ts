import { getTableColumns, getTableName, is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/harness/database.js';
import * as poolSchema from './schema.js';
import * as auditSchema from './audit.js';
import * as historySchema from './history.js';
import * as ordersSchema from './orders.js';
import * as sentinelSchema from './sentinel.js';
import * as walletSchema from './wallet.js';

describe('the schema in code', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.close());

  it('names exactly the columns that the migrations make, nullable where they are', async () => {
    const { rows } = await database.db.$client.query<{ column: string }>(
      `SELECT table_name || '.' || column_name || ' ' || is_nullable AS column
         FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name <> 'pool_event_default'`,
    );
    const migrated = rows.map((row) => row.column).sort();
    const parts = [
      poolSchema,
      auditSchema,
      walletSchema,
      historySchema,
      sentinelSchema,
      ordersSchema,
    ];
    const all = parts.flatMap((part) => Object.values(part));
    const tables: readonly PgTable[] = all.filter((value) => is(value, PgTable));
    const declared = tables
      .flatMap((table) =>
        Object.values(getTableColumns(table)).map(
          (column) => `${getTableName(table)}.${column.name} ${column.notNull ? 'NO' : 'YES'}`,
        ),
      )
      .sort();
    expect(declared).toEqual(migrated);
  });
});
