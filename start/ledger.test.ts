import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { closeDatabase, type Database, openDatabase } from '../core/db/database.js';
import { migrateDatabase } from '../core/db/migrate.js';
import { openLedger } from '../core/ledger/store/identity.js';
import { asApi, makeTestApiRole } from '../test/harness/api-role.js';
import { testConfig } from '../test/kit/test-pool.js';
import { awaitLedger } from './ledger.js';
import { createLog } from './log.js';

/** The owner's connection to a new database, in which no worker has made any table yet. */
let owner: Database;
/** A connection to the same database under the role of an API process. */
let db: Database;
let said: string[];
let stopping: AbortController;
beforeEach(async () => {
  await makeTestApiRole();
  const name = `fresh_${randomBytes(6).toString('hex')}`;
  const admin = new pg.Client({ connectionString: inject('postgresUrl') });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  owner = openDatabase({ url: url.toString() });
  db = openDatabase({ url: asApi(url.toString()) });
  said = [];
  stopping = new AbortController();
});
afterEach(async () => {
  stopping.abort();
  await closeDatabase(db);
  await closeDatabase(owner);
});

function startWaiting() {
  const log = createLog({ level: 'info', plain: true, write: (line) => said.push(line) });
  return awaitLedger({ db, config: testConfig(), log, signal: stopping.signal });
}
const heard = (words: string) =>
  expect.poll(() => said.join(''), { timeout: 10_000 }).toContain(words);

it('an API waits for the worker that makes the tables and the ledger, and changes nothing meanwhile', async () => {
  const ledger = startWaiting();
  await heard('its start brings the database to this version');
  const tables = await owner.$client.query(
    `SELECT FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  expect(tables.rowCount).toBe(0);
  await migrateDatabase(owner);
  await heard('its start writes down which pool the database belongs to');
  await openLedger(owner, { poolId: null, chainId: 31_337, newPoolId: 'fresh-pool' });
  expect(await ledger).toMatchObject({ poolId: 'fresh-pool', chainId: 31_337 });
});

it('an API of a newer version waits until a worker of that version has started', async () => {
  await migrateDatabase(owner);
  await openLedger(owner, { poolId: null, chainId: 31_337, newPoolId: 'fresh-pool' });
  const newest = `created_at = (SELECT max(created_at) FROM drizzle.__drizzle_migrations)`;
  await owner.$client.query(
    `UPDATE drizzle.__drizzle_migrations SET created_at = created_at - 1 WHERE ${newest}`,
  );
  const ledger = startWaiting();
  await heard('its start brings the database to this version');
  await owner.$client.query(
    `UPDATE drizzle.__drizzle_migrations SET created_at = created_at + 1 WHERE ${newest}`,
  );
  expect(await ledger).toMatchObject({ poolId: 'fresh-pool' });
});

it('a role that nobody has given rights yet waits for a worker too, and stops when told to', async () => {
  await migrateDatabase(owner);
  await owner.$client.query(
    'REVOKE ALL ON ALL TABLES IN SCHEMA public, drizzle FROM openpool_api; REVOKE ALL ON SCHEMA drizzle FROM openpool_api',
  );
  const ledger = startWaiting();
  await heard('gives this role in Postgres its rights');
  stopping.abort(new Error('stopped by a test'));
  await expect(ledger).rejects.toThrow('stopped by a test');
});

it('an API of another chain is refused', async () => {
  await migrateDatabase(owner);
  await openLedger(owner, { poolId: null, chainId: 1, newPoolId: 'fresh-pool' });
  await expect(startWaiting()).rejects.toMatchObject({ code: 'LEDGER_OF_ANOTHER_CHAIN' });
});
