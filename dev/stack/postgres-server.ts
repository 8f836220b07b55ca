import {
  appendFileSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { PRODUCT_DATABASE, PRODUCT_ROLE, socketUrl } from '../../core/db/embedded/address.js';
import { prepareCluster } from '../../core/db/embedded/cluster.js';
import { freePort } from '../kit/ports.js';
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
  /** Also listens on a loopback port, for programs that know no Unix socket, and says that one's URL. @default false */
  readonly overTcp?: boolean;
  /** In PEM: over TCP it takes TLS connections alone, with this certificate. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** Only a number in the socket's name: there is no TCP port, and each socket has its own directory. */
const SOCKET_NUMBER = 5432;
const LOOPBACK = '127.0.0.1';
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
  const port = options.overTcp === true ? await freePort() : undefined;
  const run = cluster.serve(port ?? SOCKET_NUMBER);
  const args =
    port === undefined ? run.args : [...run.args, ...letIn(dataDir, options.certificate)];
  const server = startProcess({ name: 'postgres', ...run, args });
  const overSocket = socketUrl(dataDir, port ?? SOCKET_NUMBER, cluster.password);
  const url =
    port === undefined
      ? overSocket
      : `postgres://${PRODUCT_ROLE}:${cluster.password}@${LOOPBACK}:${port}/${PRODUCT_DATABASE}`;
  await waitUntil({
    what: 'Postgres',
    timeoutMs: START_TIMEOUT_MS,
    intervalMs: 50,
    process: server,
    ready: () => answers(overSocket),
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

/** Lets loopback in by its password, and returns the arguments with which the server listens there. */
function letIn(
  dataDir: string,
  certificate: LocalPostgresOptions['certificate'],
): readonly string[] {
  const path = join(dataDir, 'pg_hba.conf');
  const kind = certificate === undefined ? 'host' : 'hostssl';
  const lines = [`${LOOPBACK}/32`, '::1/128'].map(
    (from) => `${kind} all all ${from} scram-sha-256\n`,
  );
  if (!readFileSync(path, 'utf8').includes(lines.join(''))) appendFileSync(path, lines.join(''));
  const listening = ['-c', `listen_addresses=${LOOPBACK},::1`];
  if (certificate === undefined) return listening;
  const { uid, gid } = statSync(path);
  const keep = (name: string, pem: string) => {
    writeFileSync(join(dataDir, name), pem, { mode: 0o600 });
    chownSync(join(dataDir, name), uid, gid);
  };
  keep('server.crt', certificate.cert);
  keep('server.key', certificate.key);
  return [...listening, '-c', 'ssl=on'];
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
