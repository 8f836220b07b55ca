import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../test/harness/database.js';
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
    // As while a remote signer is asked: nothing is under way on the connection.
    await sleep(200);
    await tx.execute(sql`SELECT 1`);
  });
  await expect(transaction).rejects.toThrow();
  expect(await query(db, sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
});
