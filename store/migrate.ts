import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import type { Database } from './database.js';
import { LOCKS } from './locks.js';
import { query } from './query.js';
import { grantApiRole } from './roles.js';
import { sqlState } from './transact.js';

const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * Brings the schema to this version, and gives the API's role, where there is one, what it needs of it. Safe
 * to call from several processes at once.
 */
export async function migrateDatabase(database: Database): Promise<void> {
  const lock = await database.$client.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [LOCKS.migration]);
    await migrate(database, { migrationsFolder });
    await grantApiRole(database);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [LOCKS.migration]);
    lock.release();
  }
}

/** Whether the schema is at this version or a later one; `forbidden`: this role may not even see that. */
export async function readSchemaState(
  database: Database,
): Promise<'ready' | 'older' | 'forbidden'> {
  const newest = readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0;
  try {
    const [row] = await query<{ at: string | null }>(
      database,
      sql`SELECT max(created_at) AS at FROM drizzle.__drizzle_migrations`,
    );
    return Number(row?.at ?? 0) >= newest ? 'ready' : 'older';
  } catch (error) {
    const state = sqlState(error);
    if (state === FORBIDDEN) return 'forbidden';
    if (NOTHING_THERE.has(state)) return 'older';
    throw error;
  }
}

const FORBIDDEN = '42501';
/** No such table, no such schema. */
const NOTHING_THERE = new Set(['42P01', '3F000']);
