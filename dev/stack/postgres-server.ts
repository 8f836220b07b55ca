import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { socketUrl } from '../../core/db/embedded/address.js';
import { prepareCluster } from '../../core/db/embedded/cluster.js';
import { type LocalProcess, startProcess, waitUntil } from '../kit/process.js';

export interface LocalPostgres {
  readonly url: string;
  readonly process: LocalProcess;
  stop(): Promise<void>;
}

export interface LocalPostgresOptions {
  /** The data directory; created when it does not exist. @default a new directory, removed on stop */
  readonly dataDir?: string;
  /** Makes the role a superuser: for tests and benches, which create roles and databases. @default false */
  readonly isSuperuser?: boolean;
}

/** Only a number in the socket's name: there is no TCP port, and each socket has its own directory. */
const SOCKET_NUMBER = 5432;
const STOP_GRACE_MS = 8_000;
const START_TIMEOUT_MS = 60_000;

/**
 * Starts PostgreSQL from the npm package's binaries as a child that dies with this process, with its default durability, on
 * a Unix socket that only this user (and root) reaches. The package's own starter is not used, because it takes over Ctrl-C
 * for the whole process.
 */
export async function startPostgres(options: LocalPostgresOptions): Promise<LocalPostgres> {
  const isEphemeral = options.dataDir === undefined;
  const dataDir = resolve(options.dataDir ?? mkdtempSync(join(tmpdir(), 'openpool-postgres-')));
  const cluster = await prepareCluster(dataDir, options.isSuperuser);
  const server = startProcess({ name: 'postgres', ...cluster.serve(SOCKET_NUMBER) });
  const url = socketUrl(dataDir, SOCKET_NUMBER, cluster.password);
  await waitUntil({
    what: 'Postgres',
    timeoutMs: START_TIMEOUT_MS,
    intervalMs: 50,
    process: server,
    ready: () => answers(url),
  });
  return {
    url,
    process: server,
    async stop() {
      await stopFast(server);
      if (isEphemeral) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  // A server that is still starting ends the connection; waiting goes on.
  client.on('error', () => undefined);
  await client.connect();
  await client.end();
  return true;
}

/** Ends the server. SIGINT ends its sessions and shuts it down cleanly; SIGTERM would wait for every client to leave. */
async function stopFast(server: LocalProcess): Promise<void> {
  server.kill('SIGINT');
  const timer = setTimeout(() => server.kill('SIGQUIT'), STOP_GRACE_MS);
  await server.ended;
  clearTimeout(timer);
}
