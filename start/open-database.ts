import type { Config } from '../config/config.js';
import { closeDatabase, type Database, openDatabase } from '../core/db/database.js';
import { sharePostgres } from '../core/db/embedded/shared.js';

export interface OpenedDatabase {
  readonly db: Database;
  /** The database's URL, for opening further connections. */
  readonly url: string;
  /** Closes the connections, and stops the embedded server when no other process uses it. */
  close(): Promise<void>;
}

interface OpenOptions {
  /** @default 10 */
  readonly maxConnections?: number;
}

/** Opens the configured database. Starts the embedded one unless another process runs it. */
export async function openPoolDatabase(
  config: Pick<Config, 'database'>,
  options: OpenOptions = {},
): Promise<OpenedDatabase> {
  const { database } = config;
  if ('url' in database) {
    const db = openDatabase({ url: database.url, ...options });
    return { db, url: database.url, close: () => closeDatabase(db) };
  }
  const server = await sharePostgres(database.embeddedDir, database.port);
  const db = openDatabase({ url: server.url, ...options });
  return {
    db,
    url: server.url,
    async close() {
      await closeDatabase(db);
      await server.leave();
    },
  };
}
