import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { closeDatabase, type Database, openDatabase } from '../../store/database.js';
import { migrateDatabase } from '../../store/migrate.js';

const TEMPLATE = 'openpool_template';

/** Makes the migrated database that the tests' own ones are copied from. */
export async function migrateTemplate(adminUrl: string): Promise<void> {
  await runOnce(adminUrl, `CREATE DATABASE ${TEMPLATE}`);
  const database = openDatabase({ url: withName(adminUrl, TEMPLATE) });
  await migrateDatabase(database);
  await closeDatabase(database);
}

export interface TestDatabase {
  readonly url: string;
  readonly db: Database;
  close(): Promise<void>;
}

/** A migrated, empty database of the caller's own on the shared server. */
export async function createTestDatabase(maxConnections = 10): Promise<TestDatabase> {
  const adminUrl = inject('postgresUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await runOnce(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  const url = withName(adminUrl, name);
  const db = openDatabase({ url, maxConnections });
  return { url, db, close: () => closeDatabase(db) };
}

function withName(url: string, name: string): string {
  const copy = new URL(url);
  copy.pathname = `/${name}`;
  return copy.toString();
}

async function runOnce(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
