import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { closeDatabase, type Database, openDatabase } from '../core/db/database.js';
import { migrateDatabase, readSchemaState } from '../core/db/migrate.js';
import { freePort } from '../dev/kit/ports.js';
import { startSilentProxy } from '../test/harness/silent-proxy.js';
import { untilDatabaseAnswers } from './await-database.js';
import { createLog } from './log.js';

let admin: pg.Client;
let url: URL;
let name: string;
let said: string[];
let stopping: AbortController;
const opened: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  name = `start_${randomBytes(6).toString('hex')}`;
  url = new URL(inject('postgresUrl'));
  const there = new pg.Client({ connectionString: url.toString() });
  await there.connect();
  await there.query(`CREATE DATABASE ${name}`);
  await there.end();
  url.pathname = `/${name}`;
  admin = new pg.Client({ connectionString: url.toString() });
  await admin.connect();
  said = [];
  stopping = new AbortController();
});
afterEach(async () => {
  stopping.abort();
  for (const close of opened.splice(0).reverse()) await close();
  await admin.end();
});

function open(at: string): Database {
  const db = openDatabase({ url: at, statementTimeoutMs: 1_000 });
  opened.push(() => closeDatabase(db));
  return db;
}

/** Migrates the database as a worker's start does. */
function bring(db: Database): Promise<void> {
  const log = createLog({ level: 'info', plain: true, write: (line) => said.push(line) });
  return untilDatabaseAnswers({ db, log, signal: stopping.signal }, () =>
    migrateDatabase(db, (words) => log.warn(words)),
  );
}
const heard = (words: string) =>
  expect.poll(() => said.join(''), { timeout: 15_000 }).toContain(words);

/** Locks the table that a migration needs first, until the returned function is called. */
async function holdMigrations(): Promise<() => Promise<unknown>> {
  await admin.query(`CREATE SCHEMA drizzle;
    CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)`);
  await admin.query('BEGIN; LOCK TABLE drizzle.__drizzle_migrations');
  return () => admin.query('COMMIT');
}

describe('a start', () => {
  it('waits for a Postgres that is away, says where it looks, and goes on when it comes', async () => {
    const port = await freePort();
    const away = new URL(url);
    away.search = '';
    away.host = `127.0.0.1:${port}`;
    const db = open(away.toString());
    const brought = bring(db);
    await heard(`Postgres at 127.0.0.1:${port} does not answer (connect ECONNREFUSED`);
    expect(said.join('')).toContain('code=DATABASE_UNREACHABLE');
    const proxy = await startSilentProxy(url.toString(), port);
    opened.push(() => proxy.stop());
    await brought;
    expect(await readSchemaState(db)).toBe('ready');
  });

  it('ends its wait for a Postgres that is away when it is told to stop', async () => {
    const away = new URL(url);
    away.search = '';
    away.host = `127.0.0.1:${await freePort()}`;
    const brought = bring(open(away.toString()));
    await heard('does not answer');
    stopping.abort(new Error('stopped by a test'));
    await expect(brought).rejects.toThrow('stopped by a test');
  });

  it('whose backends die in the middle of a migration says so and does it again', async () => {
    const release = await holdMigrations();
    const db = open(url.toString());
    const brought = bring(db);
    const killer = new pg.Client({ connectionString: url.toString() });
    await killer.connect();
    opened.push(() => killer.end());
    const ended = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE '%__drizzle_migrations%' AND state = 'active'
        AND pid <> pg_backend_pid()`;
    const kill = async () => (await killer.query(ended)).rowCount;
    await expect.poll(kill, { timeout: 10_000 }).toBe(1);
    await heard('does not answer (');
    await release();
    await brought;
    expect(await readSchemaState(db)).toBe('ready');
  });

  it('migrates past the time-out of a statement, and waits for no lock longer than others can wait for it', async () => {
    const release = await holdMigrations();
    const db = open(url.toString());
    const brought = bring(db);
    await heard('somebody uses the table, and it is tried again');
    await sleep(1_000);
    await release();
    await brought;
    expect(await readSchemaState(db)).toBe('ready');
  });
});

describe('a Postgres that refuses', () => {
  it('is quoted, with a code of its own and the right that is missing', async () => {
    await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD 'poor'`);
    const poor = new URL(url);
    poor.username = name;
    poor.password = 'poor';
    await expect(bring(open(poor.toString()))).rejects.toMatchObject({
      code: 'DATABASE_FORBIDDEN',
      message: expect.stringMatching(
        new RegExp(
          `permission denied for database ${name}.*GRANT CREATE ON DATABASE "${name}" TO "${name}"`,
        ),
      ),
    });
  });

  it('to write is told as read-only', async () => {
    await admin.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await expect(bring(open(url.toString()))).rejects.toMatchObject({
      code: 'DATABASE_READ_ONLY',
      message: expect.stringContaining('read-only transaction'),
    });
  });
});
