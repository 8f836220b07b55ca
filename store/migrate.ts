import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import type { Database } from './database.js';
import { query } from './query.js';
import { grantApiRole } from './roles.js';
import { sqlState } from './transact.js';

/** Any constant: two processes that start at once migrate one after the other. */
const MIGRATION_LOCK = 7_215_113;
const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * Brings the schema to this version, and gives the API's role, where there is one, what it needs of it. Safe
 * to call from several processes at once.
 */
export async function migrateDatabase(database: Database): Promise<void> {
  const lock = await database.$client.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await migrate(database, { migrationsFolder });
    await grantApiRole(database);
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    lock.release();
  }
}

/** Which version the schema is at, beside this program's; `forbidden`: this role may not even see that. */
export async function readSchemaState(
  database: Database,
): Promise<'ready' | 'older' | 'newer' | 'forbidden'> {
  const newest = readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0;
  try {
    const [row] = await query<{ at: string | null }>(
      database,
      sql`SELECT max(created_at) AS at FROM drizzle.__drizzle_migrations`,
    );
    const at = Number(row?.at ?? 0);
    if (at > newest) return 'newer';
    return at === newest ? 'ready' : 'older';
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
