import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { closeDatabase, openDatabase } from './database.js';
import { query } from './query.js';

let testDatabase: TestDatabase;

beforeAll(async () => {
  testDatabase = await createTestDatabase(4);
});
afterAll(() => testDatabase.close());

test('a connection that Postgres ends between two statements fails its transaction, not the process', async () => {
  const { db } = testDatabase;
  const transaction = db.transaction(async (tx) => {
    const [own] = await query<{ pid: number }>(tx, sql`SELECT pg_backend_pid() AS pid`);
    await db.execute(sql`SELECT pg_terminate_backend(${own?.pid ?? 0})`);
    // No statement runs on the connection now, as while a remote signer is asked.
    await sleep(200);
    await tx.execute(sql`SELECT 1`);
  });
  await expect(transaction).rejects.toThrow();
  expect(await query(db, sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
});

const OTHERWISE = [
  "DateStyle = 'SQL, DMY'",
  "DateStyle = 'German'",
  "TimeZone = 'America/New_York'",
  "IntervalStyle = 'iso_8601'",
  "bytea_output = 'escape'",
  'standard_conforming_strings = off',
  "default_transaction_isolation = 'serializable'",
  'extra_float_digits = -15',
];

test.each(['', '-c DateStyle=German -c search_path=pg_catalog'])(
  'times, bytes and numbers come back as they were, whatever database and URL say: "%s"',
  async (own) => {
    const name = new URL(testDatabase.url).pathname.slice(1);
    for (const setting of OTHERWISE) {
      await testDatabase.db.$client.query(`ALTER DATABASE "${name}" SET ${setting}`);
    }
    const url = new URL(testDatabase.url);
    if (own !== '') url.searchParams.set('options', own);
    const db = openDatabase({ url: url.href, maxConnections: 1 });
    try {
      for (const day of ['2026-11-05', '2026-11-30']) {
        const [row] = await query<Record<string, unknown>>(
          db,
          sql`SELECT ${`${day}T01:02:03.456789Z`}::timestamptz AS at, ${day}::date AS day,
                     date_trunc('day', ${`${day}T23:00:00Z`}::timestamptz) AS midnight,
                     interval '1 hour' AS hour, '\\xff'::bytea AS bytes, 0.1::float8 + 0.2 AS sum`,
        );
        expect(new Date(String(row?.['at']))).toEqual(new Date(`${day}T01:02:03.456Z`));
        expect(new Date(String(row?.['midnight']))).toEqual(new Date(`${day}T00:00:00Z`));
        expect(row).toMatchObject({ day, hour: '01:00:00', bytes: Buffer.from([255]) });
        expect(row?.['sum']).toBe(0.1 + 0.2);
      }
      const [said] = await query(
        db,
        sql`SELECT current_setting('transaction_isolation') AS isolation,
                   current_setting('search_path') AS path`,
      );
      const path = own === '' ? '"$user", public' : 'pg_catalog';
      expect(said).toEqual({ isolation: 'read committed', path });
    } finally {
      await closeDatabase(db);
    }
  },
);
