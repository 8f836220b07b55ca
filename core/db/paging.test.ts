import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { allOf, Keyset, type PageRequest, rowsToAskFor } from './paging.js';
import { rows } from './query.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  // Rows that differ by a microsecond, and rows of the same time.
  await database.db.execute(sql`CREATE TABLE listed AS
    SELECT n::int AS n, 'row ' || n AS name,
           timestamptz '2026-03-01T00:00:00.123456Z' + (n / 3) * interval '1 microsecond' AS at
      FROM generate_series(1, 10) n`);
});
afterAll(() => database.close());

const KEY = {
  atMicros: { column: sql`at`, kind: 'time' },
  name: { column: sql`name`, kind: 'text' },
} as const;

async function walk(direction: 'ASC' | 'DESC', limit: number): Promise<readonly number[]> {
  const keyset = new Keyset(direction, KEY);
  const seen: number[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: PageRequest = { limit, cursor };
    const found = await rows(
      database.db,
      { n: Number, name: String, atMicros: String },
      sql`SELECT n, name, ${keyset.timeFields} FROM listed WHERE ${allOf([keyset.after(page)])}
           ORDER BY ${keyset.order} LIMIT ${rowsToAskFor(page)}`,
    );
    const { items, nextCursor } = keyset.page(found, page, ({ n }) => n);
    seen.push(...items);
    if (nextCursor === null) return seen;
    cursor = nextCursor;
  }
}

describe('a list in pages', () => {
  it.each(['ASC', 'DESC'] as const)(
    'shows every row once, in one order, whatever the size of a page (%s)',
    async (direction) => {
      const whole = await walk(direction, 200);
      expect(whole).toHaveLength(10);
      for (const limit of [1, 3, 10]) expect(await walk(direction, limit)).toEqual(whole);
    },
  );

  it.each([
    ['that is no cursor', 'nonsense'],
    ['of another list', Buffer.from('["1"]').toString('base64url')],
    ['with a part of another kind', Buffer.from('["soon","name"]').toString('base64url')],
  ])('refuses a cursor %s', (_, cursor) => {
    const keyset = new Keyset('ASC', KEY);
    expect(() => keyset.after({ limit: 1, cursor })).toThrow(
      'This cursor is not one of this list.',
    );
  });
});
