import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { eq, sql } from 'drizzle-orm';
import { from as copyFrom } from 'pg-copy-streams';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { payee } from '../ledger/store/tables.js';
import { query } from './query.js';
import {
  isDatabaseAway,
  openingFailure,
  StatementError,
  statementError,
} from './statement-error.js';
import { sqlState, transact } from './transact.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.db.$client.query('CREATE TABLE told (secret text CONSTRAINT never CHECK (false))');
});
afterAll(() => database.close());

const SECRET = 'b8c0ffee-signed-bytes';

/** Returns everything that a log or a workflow history could show of an error, as one text. */
function everything(error: unknown): string {
  const parts: string[] = [];
  for (let one = error; one instanceof Error; one = one.cause) {
    parts.push(String(one.stack), JSON.stringify(one, Object.getOwnPropertyNames(one)));
  }
  return parts.join('\n');
}

const insert = sql`INSERT INTO told VALUES (${SECRET})`;
const DATABASE = 'a failed statement';

describe(DATABASE, () => {
  it.each([
    ['raw SQL', () => query(database.db, insert)],
    ['raw SQL in a transaction', () => transact(database.db, (tx) => query(tx, insert))],
    ['a connection', () => database.db.$client.query('INSERT INTO told VALUES ($1)', [SECRET])],
    [
      'one of the pool',
      async () => {
        const client = await database.db.$client.connect();
        try {
          await client.query(`INSERT INTO told VALUES ('${SECRET}')`);
        } finally {
          client.release();
        }
      },
    ],
  ])('tells state and cause, and neither values nor its text: %s', async (_, run) => {
    const error = await Promise.resolve(run()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StatementError);
    expect(error).toMatchObject({ code: '23514', table: 'told', constraint: 'never' });
    expect(String(error)).toBe(
      'StatementError: new row for relation "told" violates check constraint "never" (23514), in INSERT INTO told',
    );
    expect(sqlState(error)).toBe('23514');
    expect(everything(error)).not.toMatch(/b8c0ffee|params|Failing row|VALUES/);
  });

  it('of the query builder tells no more', async () => {
    const huge = 2n ** 200n;
    const broken = database.db.select({ no: sql`1 / 0` }).from(payee);
    const error = await broken
      .where(eq(payee.address, `0x${SECRET}${huge}`))
      .catch((thrown: unknown) => thrown);
    expect(sqlState(error)).toBe('22012');
    expect(everything(error)).not.toMatch(/b8c0ffee|params|where/);
  });

  it('leaves COPY the stream that it is', async () => {
    const client = await database.db.$client.connect();
    try {
      await client.query('CREATE TEMP TABLE copied (n int)');
      const stream = client.query(copyFrom('COPY copied FROM STDIN'));
      await pipeline(Readable.from(['1\n2\n']), stream);
      expect((await client.query('SELECT n FROM copied')).rows).toHaveLength(2);
    } finally {
      client.release();
    }
  });

  it('that never reached Postgres keeps the code of the socket', async () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(new StatementError(cause, 'begin')).toMatchObject({
      code: 'ECONNREFUSED',
      message: 'connect ECONNREFUSED (ECONNREFUSED), in begin',
    });
    expect(statementError(cause)).toBe(cause);
  });

  it.each([
    ["select 'secret' from x", 'select'],
    ['UPDATE payee SET address = 1', 'UPDATE payee'],
    ['delete from "attempt" where x', 'delete from attempt'],
    ['WITH gone AS (DELETE …', 'WITH gone'],
    ["'secret'", 'a statement'],
  ])('is told by its first words: %s', (statement, told) => {
    expect(new StatementError(new Error('x'), statement).message).toBe(`x, in ${told}`);
  });
});

it.each([
  ['53100', 'DATABASE_FULL', false],
  ['53300', 'DATABASE_UNREACHABLE', true],
  ['25006', 'DATABASE_READ_ONLY', false],
  ['42501', 'DATABASE_FORBIDDEN', false],
  ['3D000', 'DATABASE_REFUSED', false],
])('what Postgres says with %s is told as %s', async (state, code, isAway) => {
  const raise = `DO $$ BEGIN RAISE EXCEPTION 'its words' USING ERRCODE = '${state}'; END $$`;
  const error: unknown = await database.db.$client.query(raise).catch((thrown: unknown) => thrown);
  expect(isDatabaseAway(error)).toBe(isAway);
  expect(openingFailure(error, 'pool')).toMatchObject({
    code,
    message: expect.stringContaining('its words'),
  });
});
