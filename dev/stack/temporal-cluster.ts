/**
 * Temporal's server on Postgres, as compose.cluster.yml sets it up: its schema and its namespace are made by the very
 * commands of that file. `npm run setup:cluster` builds the programs.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Connection } from '@temporalio/client';
import { parse, stringify } from 'yaml';
import { freePort, onFreePort } from '../kit/ports.js';
import { startProcess } from '../kit/process.js';
import { until } from '../kit/until.js';
import { findTemporal } from '../setup/temporal-binary.mjs';
import { findTemporalCluster } from '../setup/temporal-cluster.mjs';
import { type LocalPostgres, startPostgres } from './postgres-server.js';
import type { LocalTemporal } from './temporal-server.js';

export interface LocalCluster extends LocalTemporal {
  /** Temporal's own Postgres. */
  readonly postgres: LocalPostgres;
}

export interface LocalClusterOptions {
  /** Where its configuration and its Postgres are kept over restarts. */
  readonly dir: string;
  readonly port?: number;
  /** A Postgres of an earlier start that still runs. @default one of its own, below `dir` */
  readonly postgres?: LocalPostgres;
}

interface ClusterService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

type ClusterServices = Readonly<
  Record<'temporal' | 'temporal-schema' | 'temporal-namespace', ClusterService>
>;

const COMPOSE = join(dirname(fileURLToPath(import.meta.url)), '../../compose.cluster.yml');
const SECRET = '/run/secrets/temporal-database-password';
const START_TIMEOUT_MS = 60_000;
/** Compose's tags say how a value is merged; the value is what follows. */
const TAGS = ['!override', '!reset'].flatMap((tag) => [
  { tag, resolve: (text: string) => text },
  { tag, collection: 'seq' as const, resolve: (seq: unknown) => seq },
]);

/** What compose.cluster.yml says. */
function readServices(): ClusterServices {
  const file = parse(readFileSync(COMPOSE, 'utf8'), { customTags: TAGS as never });
  return (file as { readonly services: ClusterServices }).services;
}

/** Whether `npm run setup:cluster` was run. */
export const isClusterBuilt = (): boolean => findTemporalCluster() !== undefined;

/** Starts Postgres and Temporal's server on loopback, with the namespace `default`. A start anew goes on with the same data. */
export async function startTemporalCluster(options: LocalClusterOptions): Promise<LocalCluster> {
  const programs = findTemporalCluster();
  if (programs === undefined) {
    throw new Error("Temporal's server is not built: npm run setup:cluster does that with Go");
  }
  const { dir } = options;
  mkdirSync(dir, { recursive: true });
  const services = readServices();
  const postgres =
    options.postgres ??
    (await startPostgres({ dataDir: join(dir, 'postgres'), isSuperuser: true, overTcp: true }));
  try {
    const cli = await findTemporal();
    const path = [programs, ...(cli.includes('/') ? [dirname(cli)] : []), process.env.PATH];
    const run = runner(path.join(':'), join(dir, 'password'), postgres);
    await run(services['temporal-schema'], sqlPlace(postgres));
    const server = await onFreePort(options.port, (port) =>
      serve({ ...options, postgres, programs, port, services }),
    );
    const { address } = server;
    await run(services['temporal-namespace'], { TEMPORAL_ADDRESS: address });
    const stop = async () => {
      await server.process.stop();
      await postgres.stop();
    };
    return { ...server, uiUrl: undefined, postgres, stop };
  } catch (error) {
    if (options.postgres === undefined) await postgres.stop();
    throw error;
  }
}

function sqlPlace({ url }: LocalPostgres): Readonly<Record<string, string>> {
  const { hostname, port, username } = new URL(url);
  return { SQL_HOST: hostname, SQL_PORT: port, SQL_USER: username };
}

/** Runs the command of a service as its container would, with the places of this machine. */
function runner(path: string, passwordFile: string, { url }: LocalPostgres) {
  writeFileSync(passwordFile, new URL(url).password, { mode: 0o600 });
  return async (service: ClusterService, places: Readonly<Record<string, string>>) => {
    const script = service.command?.[0]?.replaceAll('$$', '$').replaceAll(SECRET, passwordFile);
    const child = spawn('/bin/sh', ['-euc', script ?? 'exit 1'], {
      env: { ...service.environment, ...places, PATH: path, HOME: process.env.HOME },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        said = (said + chunk).slice(-4_000);
      });
    }
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`${service.image} ended with ${code}:\n${said}`);
  };
}

interface ServeOptions {
  readonly dir: string;
  readonly postgres: LocalPostgres;
  readonly programs: string;
  readonly port: number;
  readonly services: ClusterServices;
}

async function serve(options: ServeOptions) {
  const { dir, programs, port } = options;
  await writeConfig(options);
  const server = startProcess({
    name: 'temporal',
    command: join(programs, 'temporal-server'),
    args: ['--root', dir, '--config', '.', '--env', 'server', '--allow-no-auth', 'start'],
  });
  const address = `127.0.0.1:${port}`;
  await until(`Temporal's server on port ${port}`, () => isServing(address), {
    withinMs: START_TIMEOUT_MS,
    process: server,
  });
  return { address, process: server };
}

/** Its front end serves, and its history shards are owned: whoever asks earlier is told that the service is away. */
async function isServing(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 1_000 });
  try {
    await connection.workflowService.getSystemInfo({});
    return true;
  } finally {
    await connection.close();
  }
}

type Services = Awaited<ReturnType<typeof servicesOn>>;

/**
 * Writes its configuration. The ports are kept from an earlier start: a server that comes back under others looks for
 * its dead self first.
 */
async function writeConfig({ dir, postgres, port, services }: ServeOptions): Promise<void> {
  const path = join(dir, 'server.yaml');
  const kept = existsSync(path)
    ? (parse(readFileSync(path, 'utf8')) as { readonly services: Services })
    : undefined;
  const isSame = kept?.services.frontend.rpc.grpcPort === port;
  const { NUM_HISTORY_SHARDS: shards, LOG_LEVEL: level } = services.temporal.environment ?? {};
  const config = {
    log: { stdout: true, level },
    persistence: storesIn(postgres, Number(shards)),
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: isSame ? kept.services : await servicesOn(port),
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${port}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    publicClient: { hostPort: `127.0.0.1:${port}` },
  };
  writeFileSync(path, stringify(config), { mode: 0o600 });
}

/** Its stores in Postgres, with as many connections as the template in the server's image gives them. */
function storesIn({ url }: LocalPostgres, numHistoryShards: number) {
  const { host, username, password } = new URL(url);
  const store = (databaseName: string, maxConns: number) => ({
    sql: {
      pluginName: 'postgres12',
      databaseName,
      connectAddr: host,
      connectProtocol: 'tcp',
      user: username,
      password,
      maxConns,
      maxIdleConns: maxConns,
      maxConnLifetime: '1h',
    },
  });
  return {
    numHistoryShards,
    defaultStore: 'default',
    visibilityStore: 'visibility',
    datastores: { default: store('temporal', 20), visibility: store('temporal_visibility', 10) },
  };
}

/** The four services of the server, in one process as in the image, each on ports of its own. */
async function servicesOn(port: number) {
  const rpc = async (grpcPort: number) => ({
    rpc: { grpcPort, membershipPort: await freePort(), bindOnIP: '127.0.0.1' },
  });
  return {
    frontend: await rpc(port),
    matching: await rpc(await freePort()),
    history: await rpc(await freePort()),
    worker: await rpc(await freePort()),
  };
}
