/** The migrated database that those of tests are copied from, on whatever server. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { closeDatabase, openDatabase } from '../../core/db/database.js';
import { migrateDatabase } from '../../core/db/migrate.js';

const TEMPLATE = 'openpool_template';

/** Makes the migrated database that the tests' own ones are copied from. */
export async function migrateTemplate(adminUrl: string): Promise<void> {
  await runOnce(adminUrl, `CREATE DATABASE ${TEMPLATE}`);
  const database = openDatabase({ url: withName(adminUrl, TEMPLATE) });
  await migrateDatabase(database);
  await closeDatabase(database);
}

/** A migrated, empty database; returns where it is. */
export async function copyTemplate(adminUrl: string): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await runOnce(adminUrl, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  return withName(adminUrl, name);
}

/** Lets commits in this database not wait for the disk: for runs that kill the writers, and never Postgres itself. */
export async function trustMemory(adminUrl: string, url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await runOnce(adminUrl, `ALTER DATABASE ${name} SET synchronous_commit = off`);
}

/**
 * Lets the whole server forgo the disk: copies and commits take a third of the time. Only a crash of the machine would
 * cost anything, and nobody needs the databases of tests after that.
 */
export async function forgoDisk(adminUrl: string): Promise<void> {
  await runOnce(adminUrl, 'ALTER SYSTEM SET fsync = off');
  await runOnce(adminUrl, 'ALTER SYSTEM SET full_page_writes = off');
  await runOnce(adminUrl, 'SELECT pg_reload_conf()');
}

/** Drops the database and ends the connections to it. */
export async function dropDatabase(adminUrl: string, url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await runOnce(adminUrl, `DROP DATABASE ${name} WITH (FORCE)`);
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
