/** The API's own role in Postgres, as an operator makes it, and a start of a worker gives it its rights. */
import { inject } from 'vitest';
import { closeDatabase, type Database, openDatabase } from '../../core/db/database.js';
import { API_ROLE, grantApiRole, makeApiRole } from '../../core/db/roles.js';
import type { TestDatabase } from './database.js';

export const API_PASSWORD = 'password-of-the-api';

/** Makes the role on the shared server; another test may be at it at the same time. */
export async function makeTestApiRole(): Promise<void> {
  const admin = openDatabase({ url: inject('postgresUrl'), maxConnections: 1 });
  try {
    const { rowCount } = await admin.$client.query('SELECT FROM pg_roles WHERE rolname = $1', [
      API_ROLE,
    ]);
    if (rowCount === 0)
      await makeApiRole(admin, API_PASSWORD).catch(() => makeApiRole(admin, API_PASSWORD));
  } finally {
    await closeDatabase(admin);
  }
}

/** The same database, as the API sees it. */
export async function openAsApi(database: TestDatabase): Promise<Database> {
  await makeTestApiRole();
  await grantApiRole(database.db);
  return openDatabase({ url: asApi(database.url), maxConnections: 5 });
}

export function asApi(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.username = API_ROLE;
  url.password = API_PASSWORD;
  return url.toString();
}
