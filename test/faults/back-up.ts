/** A backup, and the database that comes of it when it is restored. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';

/** Copies a database as it is; whoever is connected is thrown out for that moment. */
export async function backUp(url: string): Promise<string> {
  const copy = new URL(url);
  const source = copy.pathname.slice(1);
  const name = `backup_${randomBytes(6).toString('hex')}`;
  const admin = new URL(url);
  admin.pathname = '/postgres';
  const client = new pg.Client({ connectionString: admin.toString() });
  await client.connect();
  await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
    source,
  ]);
  await client.query(`CREATE DATABASE ${name} TEMPLATE ${source}`);
  await client.end();
  copy.pathname = `/${name}`;
  return copy.toString();
}

/** Connects to a restored backup until the test ends. */
export function openBackUp(url: string, maxConnections = 10): Database {
  const db = openDatabase({ url, maxConnections });
  onTestFinished(() => closeDatabase(db));
  return db;
}
