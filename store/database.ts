import { setTimeout as sleep } from 'node:timers/promises';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import './given-back.js';
import * as schema from './schema.js';
import { sessionOf } from './session.js';
import { settingAfterConnecting } from './session-settings.js';
import { watchSilence } from './silent-connections.js';
import { tellFailures } from './statement-error.js';

/** The pool of connections behind every store function; `$client` is the pg pool itself. */
export type Database = NodePgDatabase<typeof schema> & { readonly $client: pg.Pool };

/** One connection inside a transaction. Never take a second one from the pool inside. */
export type Transaction = Parameters<Parameters<Database['transaction']>[0]>[0];

/** What reads accept: either of the two. */
export type Reader = Database | Transaction;

export interface DatabaseOptions {
  readonly url: string;
  /** @default 10 */
  readonly maxConnections?: number;
  /** Longest a statement may run; 0: for ever. @default 60000 */
  readonly statementTimeoutMs?: number;
  /** Longest a statement may wait for a lock. @default as long as it may run */
  readonly lockTimeoutMs?: number;
  /** Longest to wait for a connection, also for one of these that others hold. @default 10000 */
  readonly connectionTimeoutMs?: number;
}

/** A connection on which nothing was said for so long is tried by TCP itself, from either end. */
const KEEP_ALIVE_MS = 15_000;
/** The server gives up a connection whose other end is gone, and with it the locks that it holds. */
const SERVER_KEEPS_ALIVE =
  '-c tcp_keepalives_idle=15 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4 -c tcp_user_timeout=35000';
/** Connections that do not close are cut after so long. */
const CLOSING_MS = 5_000;
const cutters = new WeakMap<pg.Pool, () => void>();

/** Opens a pool of connections; the first one is made when it is needed. */
export function openDatabase(options: DatabaseOptions): Database {
  const { url, statementTimeoutMs = 60_000, lockTimeoutMs = 0 } = options;
  const session = sessionOf(url);
  const settings = settingAfterConnecting({
    connectionString: session.connectionString,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: options.connectionTimeoutMs ?? 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    statement_timeout: statementTimeoutMs,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: 60_000,
    application_name: 'openpool',
    options: `${session.options} ${SERVER_KEEPS_ALIVE}`,
  });
  const pool = new pg.Pool(settings);
  // A connection that the server closes must not end the process, neither an idle one nor, between two
  // statements of a transaction, a busy one: the next query reports.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    tellFailures(client);
  });
  cutters.set(pool, watchSilence(pool, { url, statementTimeoutMs }));
  return drizzle({ client: pool, schema });
}

/** Closes all connections; running queries end first, unless nothing is heard of them for long. */
export async function closeDatabase(database: Database): Promise<void> {
  const closing = new AbortController();
  const patience = sleep(CLOSING_MS, undefined, { signal: closing.signal }).catch(() => undefined);
  await Promise.race([database.$client.end(), patience]);
  closing.abort();
  cutters.get(database.$client)?.();
}
