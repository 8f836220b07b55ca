import { setTimeout as sleep } from 'node:timers/promises';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { withSessionSettings } from './session.js';
import { watchSilence } from './silent-connections.js';
import { tellFailures } from './statement-error.js';

/** The pool of connections behind every store function; `$client` is the pg pool itself. */
export type Database = NodePgDatabase & { readonly $client: pg.Pool };

/** One connection inside a transaction. Never take a second one from the pool inside. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** What reading functions take: the pool or a transaction. */
export type Reader = Database | Transaction;

export interface DatabaseOptions {
  readonly url: string;
  /** The pool opens at most this many connections. @default 10 */
  readonly maxConnections?: number;
  /** A statement may run at most this long; 0: without a limit. @default 60000 */
  readonly statementTimeoutMs?: number;
  /** A statement may wait at most this long for a lock. @default as long as it may run */
  readonly lockTimeoutMs?: number;
  /** How long to wait for a connection, a new one or one that others hold. @default 10000 */
  readonly connectionTimeoutMs?: number;
}

/** After this long without traffic, TCP tests whether the other end of a connection is still there. */
const KEEP_ALIVE_MS = 15_000;
/** Connections that do not close are cut after this long. */
const CLOSING_MS = 5_000;
const cutters = new WeakMap<pg.Pool, () => void>();

/** Opens a pool of connections; the first one is made when it is needed. */
export function openDatabase(options: DatabaseOptions): Database {
  const { url, statementTimeoutMs = 60_000, lockTimeoutMs = 0 } = options;
  const connections = {
    connectionString: url,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: options.connectionTimeoutMs ?? 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    application_name: 'openpool',
  };
  const timeouts = {
    statement_timeout: String(statementTimeoutMs),
    lock_timeout: String(lockTimeoutMs),
    idle_in_transaction_session_timeout: '60000',
  };
  const pool = new pg.Pool(withSessionSettings(connections, timeouts));
  // A connection that the server closes must not end the process. In a transaction the next query then throws.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    tellFailures(client);
  });
  cutters.set(pool, watchSilence(pool, { url, statementTimeoutMs }));
  const database = drizzle({ client: pool });
  database.transaction = (work, settings) => transactionOn(pool, work, settings);
  return database;
}

/**
 * Runs a transaction, and returns its connection to the pool whatever happens. The query builder itself keeps the
 * connection for ever when BEGIN fails, and when ROLLBACK fails, too, it throws that error instead of the first one.
 */
async function transactionOn<T>(
  pool: pg.Pool,
  work: (tx: Transaction) => Promise<T>,
  settings: Parameters<NodePgDatabase['transaction']>[1],
): Promise<T> {
  const client = await pool.connect();
  let first: { readonly error: unknown } | undefined;
  const noting = async (tx: Transaction): Promise<T> => {
    try {
      return await work(tx);
    } catch (error) {
      first = { error };
      throw error;
    }
  };
  try {
    return await drizzle({ client }).transaction(noting, settings);
  } catch (error) {
    throw first === undefined ? error : first.error;
  } finally {
    client.release();
  }
}

/** Returns the query builder on one connection that was taken from a pool: its transactions run on that connection. */
export function onConnection(client: pg.PoolClient): Database {
  return drizzle({ client }) as unknown as Database;
}

/** Closes all connections. Running queries may end first, within a time limit. */
export async function closeDatabase(database: Database): Promise<void> {
  const closing = new AbortController();
  const patience = sleep(CLOSING_MS, undefined, { signal: closing.signal }).catch(() => undefined);
  await Promise.race([database.$client.end(), patience]);
  closing.abort();
  cutters.get(database.$client)?.();
}
