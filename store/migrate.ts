import { fileURLToPath } from 'node:url';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import type { Database } from './database.js';

/** Any constant: two processes that start at once migrate one after the other. */
const MIGRATION_LOCK = 7_215_113;

/** Brings the schema to this version. Safe to call from several processes at once. */
export async function migrateDatabase(database: Database): Promise<void> {
  const lock = await database.$client.connect();
  try {
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await migrate(database, {
      migrationsFolder: fileURLToPath(new URL('./migrations', import.meta.url)),
    });
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
    lock.release();
  }
}
