import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/harness/database.js';
import { startPooler } from '../../test/harness/pooler.js';
import { withHistoryLock } from '../history/archive/history-lock.js';
import { closeDatabase, type Database, openDatabase } from './database.js';
import { refuseUnfitDatabase } from './database-fit.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const ask = (statement: string) => database.db.$client.query(statement);

async function judge(url: string, isWorkers = true): Promise<unknown> {
  const db = openDatabase({ url, maxConnections: 2 });
  try {
    return await refuseUnfitDatabase(db, { isWorkers }).then(
      () => 'fit',
      (error) => error,
    );
  } finally {
    await closeDatabase(db);
  }
}

function urlOf(name: string, user?: string): string {
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  if (user !== undefined) [url.username, url.password] = [user, user];
  return url.toString();
}

const DATABASE = 'whether a database is fit for a ledger';
describe(DATABASE, () => {
  it('is confirmed for the tests’ own database', async () => {
    expect(await judge(database.url)).toBe('fit');
  });

  it('names the oldest version that works', async () => {
    await ask('CREATE SCHEMA older');
    await ask(`CREATE FUNCTION older.current_setting(name text) RETURNS text LANGUAGE sql AS
      $$ SELECT CASE name WHEN 'server_version_num' THEN '150013' WHEN 'server_version' THEN '15.13'
                          ELSE pg_catalog.current_setting(name) END $$`);
    const url = new URL(database.url);
    url.searchParams.set('options', '-c search_path=older,pg_catalog');
    expect(await judge(url.toString())).toMatchObject({
      code: 'DATABASE_TOO_OLD',
      message: expect.stringMatching(/Postgres 15\.13; the oldest that works is 17$/),
    });
  });

  it('names an encoding that cannot hold what orchestrators say', async () => {
    await ask(`CREATE DATABASE fit_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`);
    expect(await judge(urlOf('fit_latin'))).toMatchObject({
      code: 'DATABASE_ENCODING_WRONG',
      message: expect.stringContaining('LATIN1'),
    });
  });

  it('names sessions that begin read-only', async () => {
    await ask('CREATE DATABASE fit_read_only');
    await ask('ALTER DATABASE fit_read_only SET default_transaction_read_only = on');
    expect(await judge(urlOf('fit_read_only'), false)).toMatchObject({
      code: 'DATABASE_READ_ONLY',
    });
  });

  it('names the rights that a worker lacks and the statement that gives them, until it has them', async () => {
    await ask(`CREATE ROLE fit_poor LOGIN PASSWORD 'fit_poor'`);
    await ask('CREATE DATABASE fit_poor');
    const url = urlOf('fit_poor', 'fit_poor');
    const refusal = await judge(url);
    expect(refusal).toMatchObject({ code: 'DATABASE_FORBIDDEN' });
    const [, statements = ''] = /run in psql: (.*)$/.exec(String(refusal)) ?? [];
    const db = openDatabase({ url: urlOf('fit_poor'), maxConnections: 1 });
    for (const statement of statements.split('; ')) await db.$client.query(statement);
    await closeDatabase(db);
    expect(statements.split('; ')).toHaveLength(2);
    expect(await judge(url)).toBe('fit');
  });

  it('names tables of a later version', async () => {
    const other = await createTestDatabase();
    await other.db.$client.query(
      `INSERT INTO drizzle.__drizzle_migrations (hash, created_at)
       SELECT 'x', max(created_at) + 86400000 FROM drizzle.__drizzle_migrations`,
    );
    await other.close();
    for (const isWorkers of [true, false]) {
      expect(await judge(other.url, isWorkers)).toMatchObject({
        code: 'DATABASE_SCHEMA_NEWER',
        message: expect.stringMatching(
          /at the version of 20[-:.\dT]+Z, and this program knows none after 20[-:.\dT]+Z/,
        ),
      });
    }
  });
});

describe('a pooler before Postgres', () => {
  it('that gives each transaction another session is refused', async () => {
    const pooler = await startPooler(database.url, 'transaction');
    expect(await judge(pooler.url)).toMatchObject({ code: 'DATABASE_POOLED' });
    await pooler.stop();
  });

  it('that gives each connection a session of its own is accepted, and the session has our settings', async () => {
    const pooler = await startPooler(database.url, 'session');
    expect(await judge(pooler.url)).toBe('fit');
    const db = openDatabase({ url: pooler.url, maxConnections: 1, statementTimeoutMs: 7_000 });
    const settings = ['TimeZone', 'DateStyle', 'statement_timeout'] as const;
    const shown = async (): Promise<string[]> =>
      Promise.all(settings.map(async (name) => showing(db, name)));
    expect(await shown()).toEqual(['UTC', 'ISO, YMD', '7s']);
    // Work that lifts the time-outs restores them afterwards.
    const meanwhile = await withHistoryLock(db, async (client) => {
      const { rows } = await client.query('SHOW statement_timeout');
      return Object.values(rows[0] ?? {})[0];
    });
    expect([meanwhile, ...(await shown())]).toEqual(['0', 'UTC', 'ISO, YMD', '7s']);
    await closeDatabase(db);
    await pooler.stop();
  });
});

async function showing(db: Database, name: string): Promise<string> {
  const { rows } = await db.$client.query<Record<string, string>>(`SHOW ${name}`);
  return Object.values(rows[0] ?? {})[0] ?? '';
}
