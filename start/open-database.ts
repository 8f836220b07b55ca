import type { Config } from '../config/config.js';
import { closeDatabase, openDatabase } from '../core/db/database.js';
import { sharePostgres } from '../core/db/embedded/shared.js';

interface OpenOptions {
  readonly maxConnections?: number;
  /** Worker and API may start a temporary server; others find one that runs, because nothing would be in theirs. */
  readonly isService?: boolean;
}

/**
 * Opens the configured database, and starts the embedded one unless another process runs it. Returns also its URL, for
 * opening further connections. `close` stops the embedded server when no other process uses it.
 */
export async function openPoolDatabase(
  { database }: Pick<Config, 'database'>,
  { isService = false, ...options }: OpenOptions = {},
) {
  const { url, leave } =
    'url' in database
      ? { ...database, leave: async () => undefined }
      : await sharePostgres(database.embeddedDir, {
          port: database.port,
          isTemporary: database.isTemporary ?? false,
          mayStart: isService || database.isTemporary !== true,
        });
  const db = openDatabase({ url, ...options });
  return {
    db,
    url,
    async close(): Promise<void> {
      await closeDatabase(db);
      await leave();
    },
  };
}
