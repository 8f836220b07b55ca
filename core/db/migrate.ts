import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { foreignText } from '../base/foreign-text.js';
import { closeDatabase, type Database, onConnection, openDatabase } from './database.js';
import { LOCKS } from './locks.js';
import { query } from './query.js';
import { grantApiRole } from './roles.js';
import { sqlState } from './transact.js';

const migrationsFolder = fileURLToPath(new URL('./migrations', import.meta.url));

/** A migration waits only this long for a lock, because everybody who wants the table after it waits as well. */
const LOCK_TIMEOUT_MS = 3_000;
const LONGEST_TRYING_MS = 10 * 60_000;
const LONGEST_PAUSE_MS = 10_000;
const LOOK_MS = 500;
const SAID_EVERY_MS = 10_000;
/** SQLSTATEs of a lock that was not free in time, and of a deadlock. */
const LOCKED_OUT = new Set(['55P03', '40P01']);

type Tell = (words: string) => void;

/**
 * Brings the schema to this version, and grants the API's role, if there is one, its rights on it. Safe to call from
 * several processes at once. A migration of a large table may take hours, so it has a connection of its own, without the
 * time-out of ordinary statements.
 */
export async function migrateDatabase(database: Database, tell: Tell = () => undefined) {
  const { connectionString } = database.$client.options;
  const own = openDatabase({
    url: connectionString ?? '',
    maxConnections: 1,
    statementTimeoutMs: 0,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  });
  try {
    await alone(own, tell, (connection) => bring(connection, tell));
  } finally {
    await closeDatabase(own);
  }
}

/** Runs the work while no other process migrates. */
async function alone(
  db: Database,
  tell: Tell,
  work: (connection: Database) => Promise<void>,
): Promise<void> {
  const lock = await db.$client.connect();
  try {
    for (let saidAtMs = performance.now(); ; await sleep(LOOK_MS)) {
      const { rows } = await lock.query('SELECT pg_try_advisory_lock($1) AS got', [
        LOCKS.migration,
      ]);
      if (rows[0]?.got === true) break;
      if (performance.now() - saidAtMs < SAID_EVERY_MS) continue;
      saidAtMs = performance.now();
      tell('waiting for another process, which brings the database to its version');
    }
    await work(onConnection(lock));
  } finally {
    // Closing the connection releases the lock, also when Postgres no longer answers.
    lock.release(true);
  }
}

/** Migrates, and tries again while running workers or readers of the previous version hold a table. */
async function bring(db: Database, tell: Tell): Promise<void> {
  const startedMs = performance.now();
  for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      await migrate(db, { migrationsFolder });
      await grantApiRole(db);
      return;
    } catch (error) {
      const isLate = performance.now() - startedMs > LONGEST_TRYING_MS;
      if (isLate || !LOCKED_OUT.has(sqlState(error))) throw error;
      const words = `the database cannot be brought to this version yet: ${foreignText(error)}`;
      tell(`${words}; somebody uses the table, and it is tried again in ${pauseMs / 1_000} s`);
      await sleep(pauseMs);
    }
  }
}

/** Where a schema stands, compared with this program. `forbidden` means that this role may not even see it. */
export interface SchemaState {
  readonly state: 'ready' | 'older' | 'newer' | 'forbidden';
  /** How many migrations this program has, and how many of them the database has not. */
  readonly known: number;
  readonly missing: number;
  /** When the newest migration that the database has was written; null when it has none, or when that is not known. */
  readonly newestAt: Date | null;
  /** When the newest migration of this program was written. */
  readonly ownAt: Date;
}

/** Compares the schema's version with this program's. */
export async function readSchemaState(database: Database): Promise<SchemaState['state']> {
  return (await readSchema(database)).state;
}

/** Compares the schema's version with this program's, and says how far they are apart. */
export async function readSchema(database: Database): Promise<SchemaState> {
  const times = readMigrationFiles({ migrationsFolder }).map(({ folderMillis }) => folderMillis);
  const newest = times.at(-1) ?? 0;
  const found = (state: SchemaState['state'], at = 0): SchemaState => ({
    state,
    known: times.length,
    missing: times.filter((one) => one > at).length,
    newestAt: at === 0 ? null : new Date(at),
    ownAt: new Date(newest),
  });
  try {
    const [row] = await query<{ at: string | null }>(
      database,
      sql`SELECT max(created_at) AS at FROM drizzle.__drizzle_migrations`,
    );
    const at = Number(row?.at ?? 0);
    if (at > newest) return found('newer', at);
    return found(at === newest ? 'ready' : 'older', at);
  } catch (error) {
    const state = sqlState(error);
    if (state === FORBIDDEN) return found('forbidden');
    if (NOTHING_THERE.has(state)) return found('older');
    throw error;
  }
}

const FORBIDDEN = '42501';
/** SQLSTATEs of a missing table and of a missing schema. */
const NOTHING_THERE = new Set(['42P01', '3F000']);
