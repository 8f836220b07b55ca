import { realpath } from 'node:fs/promises';
import pg from 'pg';
import type { Config } from '../config.js';
import { PoolError } from '../domain/pool-error.js';
import { startPostgres } from '../local/postgres.js';
import { closeDatabase, type Database, openDatabase } from '../store/database.js';

export interface OpenedDatabase {
  readonly db: Database;
  /** Closes the connections, and stops the embedded server if it was started here. */
  close(): Promise<void>;
}

interface OpenOptions {
  /** @default 10 */
  readonly maxConnections?: number;
}

/** Opens the configured database; the embedded one is started unless another process runs it. */
export async function openPoolDatabase(
  config: Pick<Config, 'database'>,
  options: OpenOptions = {},
): Promise<OpenedDatabase> {
  const { database } = config;
  if ('url' in database) {
    const db = openDatabase({ url: database.url, ...options });
    return { db, close: () => closeDatabase(db) };
  }
  const server = await findOrStart(database.embeddedDir, database.port);
  const db = openDatabase({ url: server.url, ...options });
  return {
    db,
    async close() {
      await closeDatabase(db);
      await server.stop();
    },
  };
}

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

async function findOrStart(dataDir: string, port: number): Promise<Server> {
  const url = `postgres://openpool:openpool@127.0.0.1:${port}/openpool`;
  const running = await dataDirectoryOf(url);
  if (running !== undefined && (await isSamePath(running, dataDir))) {
    return { url, stop: async () => undefined };
  }
  const started = await startPostgres({ dataDir, port });
  if (started.port === port) return started;
  await started.stop();
  throw new PoolError(
    'DATABASE_PORT_BUSY',
    `port ${port} of the embedded Postgres is taken by another program`,
  );
}

async function dataDirectoryOf(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
    return rows[0]?.data_directory;
  } catch {
    // Nobody there, or somebody who knows nothing of this pool.
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function isSamePath(one: string, other: string): Promise<boolean> {
  try {
    return (await realpath(one)) === (await realpath(other));
  } catch {
    return false;
  }
}
