import type { Config } from '../config/config.js';
import { closeDatabase, openDatabase } from '../core/db/database.js';
import { sharePostgres } from '../core/db/embedded/shared.js';

/**
 * Opens the configured database, and starts the embedded one unless another process runs it. Returns also its URL, for
 * opening further connections. `close` stops the embedded server when no other process uses it.
 */
export async function openPoolDatabase(
  { database }: Pick<Config, 'database'>,
  options: { readonly maxConnections?: number } = {},
) {
  const { url, leave } =
    'url' in database
      ? { ...database, leave: async () => undefined }
      : await sharePostgres(database.embeddedDir, database.port);
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
