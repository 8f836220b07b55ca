import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { credit } from '../../test/harness/money.js';
import { sqlState, transact } from './transact.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

describe('a transaction', () => {
  it("runs again when it was a deadlock's victim", async () => {
    const [a, b] = [await credit(database.db, [1n]), await credit(database.db, [1n])];
    let runs = 0;
    const lockBoth = (first: string, second: string) =>
      transact(database.db, async (tx) => {
        runs += 1;
        await tx.execute(sql`SELECT FROM payee WHERE address = ${first} FOR UPDATE`);
        await tx.execute(sql`SELECT pg_sleep(0.2)`);
        await tx.execute(sql`SELECT FROM payee WHERE address = ${second} FOR UPDATE`);
      });
    await Promise.all([lockBoth(a, b), lockBoth(b, a)]);
    expect(runs).toBeGreaterThan(2);
  });

  it('does not run again for any other error, and its code can be told', async () => {
    let runs = 0;
    const failed = transact(database.db, async (tx) => {
      runs += 1;
      await tx.execute(sql`SELECT 1 / 0`);
    });
    expect(sqlState(await failed.catch((error: unknown) => error))).toBe('22012');
    expect(runs).toBe(1);
  });
});
