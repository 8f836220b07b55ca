import { getTableColumns, getTableName, is } from 'drizzle-orm';
import { PgTable } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as accessTables from '../core/access/store/tables.js';
import * as checkTables from '../core/checks/store/tables.js';
import * as eventTables from '../core/events/store/tables.js';
import * as guardTables from '../core/guard/store/tables.js';
import * as historyTables from '../core/history/tables.js';
import * as ledgerTables from '../core/ledger/store/tables.js';
import * as movingTables from '../core/moving/store/tables.js';
import * as noticeTables from '../core/notices/store/tables.js';
import * as orderTables from '../core/orders/store/tables.js';
import * as payoutTables from '../core/payouts/store/tables.js';
import * as policyTables from '../core/policies/store/tables.js';
import * as revenueTables from '../core/revenue/store/tables.js';
import * as selfServiceTables from '../core/self-service/store/tables.js';
import * as sentinelTables from '../core/sentinel/store/tables.js';
import * as standingTables from '../core/standing/store/tables.js';
import * as termsTables from '../core/terms/store/tables.js';
import { createTestDatabase, type TestDatabase } from './harness/database.js';

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
      accessTables,
      checkTables,
      eventTables,
      guardTables,
      historyTables,
      ledgerTables,
      movingTables,
      noticeTables,
      orderTables,
      payoutTables,
      policyTables,
      revenueTables,
      selfServiceTables,
      sentinelTables,
      standingTables,
      termsTables,
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
