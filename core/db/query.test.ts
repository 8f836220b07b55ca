import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { payout } from '../payouts/store/tables.js';
import { closeDatabase, openDatabase } from './database.js';
import { fields, orNull, prepared, query, rows } from './query.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

describe('a raw statement', () => {
  it('is decoded field by field, as the schema or a function says', async () => {
    const [row] = await rows(
      database.db,
      {
        amountWei: payout.amountWei,
        createdAt: payout.createdAt,
        closedAt: payout.closedAt,
        nonce: Number,
        hash: orNull(String),
      },
      sql`SELECT 123456789012345678901234567890::numeric AS "amountWei", null AS "closedAt",
                 timestamptz '2025-02-03 04:05:06.789+01' AS "createdAt", 7::int8 AS nonce, null AS hash`,
    );
    expect(row).toEqual({
      amountWei: 123456789012345678901234567890n,
      createdAt: new Date('2025-02-03T03:05:06.789Z'),
      closedAt: null,
      nonce: 7,
      hash: null,
    });
    expectTypeOf(row).toEqualTypeOf<
      | {
          readonly amountWei: bigint;
          readonly createdAt: Date;
          readonly closedAt: Date | null;
          readonly nonce: number;
          readonly hash: string | null;
        }
      | undefined
    >();
  });

  it('selects the columns of a table under the names of its fields', async () => {
    const columns = { id: payout.id, amountWei: payout.amountWei };
    const statement = sql`SELECT ${fields('p', columns)} FROM payout p`;
    expect(await rows(database.db, columns, statement)).toEqual([]);
    const one = sql`SELECT ${fields('p', columns)} FROM (VALUES ('a', 5::numeric)) p (id, amount_wei)`;
    expect(await rows(database.db, columns, one)).toEqual([{ id: 'a', amountWei: 5n }]);
  });

  it.each([
    ['that is null and must not be', sql`SELECT null AS "amountWei"`, '"amountWei" is null'],
    ['that it does not have', sql`SELECT 1 AS amount`, 'no field "amountWei"'],
  ])('is refused for a field %s', async (_, statement, words) => {
    const read = rows(database.db, { amountWei: payout.amountWei }, statement);
    await expect(read).rejects.toThrow(words);
  });
});

describe('a prepared read', () => {
  const read = prepared(
    'a_test',
    { payee: String, n: Number, known: Boolean },
    ['payees', 'n', 'none'],
    ({ payees, n, none }) => sql`
      SELECT payee, ${n}::int AS n, ${none}::text IS NOT NULL AS known
        FROM unnest(${payees}::text[]) payee ORDER BY payee`,
  );
  const given = { payees: ["o'ne", 'two'], n: 7, none: null };
  const expected = [
    { payee: "o'ne", n: 7, known: false },
    { payee: 'two', n: 7, known: false },
  ];

  it('gives the same rows on a pool and in a transaction, with other values each time', async () => {
    const { db } = database;
    expect(await read(db, given)).toEqual(expected);
    expect(await db.transaction((tx) => read(tx, given))).toEqual(expected);
    const one = { payees: ['one'], n: -1, none: 'some' };
    expect(await read(db, one)).toEqual([{ payee: 'one', n: -1, known: true }]);
  });

  it('is planned once for each connection', async () => {
    const db = openDatabase({ url: database.url, maxConnections: 1 });
    for (let n = 0; n < 8; n += 1) expect(await read(db, given)).toEqual(expected);
    const plans = await query(
      db,
      sql`SELECT generic_plans::int AS plans FROM pg_prepared_statements WHERE name = 'a_test'`,
    );
    expect(plans).toEqual([{ plans: 3 }]);
    await closeDatabase(db);
  });
});
