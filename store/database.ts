import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import * as schema from './schema.js';
import { sessionOf } from './session.js';
import { settingAfterConnecting } from './session-settings.js';
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
  /** Longest a statement may run. @default 60000 */
  readonly statementTimeoutMs?: number;
}

/** Opens a pool of connections; the first one is made when it is needed. */
export function openDatabase(options: DatabaseOptions): Database {
  const settings = settingAfterConnecting({
    ...sessionOf(options.url),
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: 10_000,
    statement_timeout: options.statementTimeoutMs ?? 60_000,
    idle_in_transaction_session_timeout: 60_000,
    application_name: 'openpool',
  });
  const pool = new pg.Pool(settings);
  // A connection that the server closes must not end the process, neither an idle one nor, between two
  // statements of a transaction, a busy one: the next query reports.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    tellFailures(client);
  });
  return drizzle({ client: pool, schema });
}

/** Closes all connections; running queries end first. */
export async function closeDatabase(database: Database): Promise<void> {
  await database.$client.end();
}
