/** Ends a server of the previous version, whose superuser has a known password and which listens on a TCP port. */
import { realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { PoolError } from '../../base/errors/pool-error.js';
import { birthOf } from '../../processes/process-birth.js';
import { findServer, type RunningServer } from './address.js';

const PATIENCE_MS = 2_000;
const STOP_MS = 30_000;

/** Ends it when nobody uses it, because its directory cannot be migrated before; otherwise throws DATABASE_IN_USE. */
export async function endOlderServer(dataDir: string): Promise<void> {
  const server = findServer(dataDir);
  if (server === undefined) return;
  const users = await countUsers(server, dataDir);
  // This is no such server: the next step on the directory fails and says why.
  if (users === undefined) return;
  if (users > 0) {
    const how = `${users} connections to port ${server.port}`;
    const message = `processes of the version before use ${dataDir} (${how})`;
    throw new PoolError('DATABASE_IN_USE', message);
  }
  await endServer(server, STOP_MS);
}

/** Ends a server. SIGINT ends its sessions and shuts it down cleanly; SIGTERM would wait for every client to leave. */
export async function endServer({ pid, birth }: RunningServer, graceMs: number): Promise<void> {
  const isThere = () => birthOf(pid) === birth;
  const untilGone = async (forMs: number) => {
    for (const end = Date.now() + forMs; isThere() && Date.now() < end; ) await sleep(50);
  };
  if (isThere()) process.kill(pid, 'SIGINT');
  await untilGone(graceMs);
  // SIGQUIT ends it without a last checkpoint; the next start recovers.
  if (isThere()) process.kill(pid, 'SIGQUIT');
  await untilGone(graceMs);
}

async function countUsers({ port }: RunningServer, dataDir: string): Promise<number | undefined> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'openpool',
    password: 'openpool',
    database: 'openpool',
    connectionTimeoutMillis: PATIENCE_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ dir: string; users: number }>(
      `SELECT current_setting('data_directory') AS dir,
              (SELECT count(*)::int FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS users`,
    );
    const [row] = rows;
    if (row === undefined || realpathSync(row.dir) !== realpathSync(dataDir)) return undefined;
    return row.users;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}
