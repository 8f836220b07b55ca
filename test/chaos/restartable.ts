/** Servers that the storm stops and starts again on the same port and with the same data. */
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../dev/kit/ports.js';
import type { LocalProcess } from '../../dev/kit/process.js';
import { type LocalPostgres, startPostgres } from '../../dev/stack/postgres-server.js';
import { startTemporalCluster } from '../../dev/stack/temporal-cluster.js';
import { type LocalTemporal, startTemporal } from '../../dev/stack/temporal-server.js';
import { SEARCH_ATTRIBUTES } from '../../workflows/contract.js';

export interface RestartableServer<Server> {
  readonly current: Server;
  /** Stops the server in its own way, waits this long, and starts it again. `meanwhile` may change its data. */
  goDown(forMs: number, meanwhile?: () => void): Promise<void>;
  stop(): Promise<void>;
}

const LOWEST_PORT = 15_000;
const HIGHEST_PORT = 32_000;

/**
 * Below those that connections get for themselves: while a server is away, nobody else comes by its port.
 */
export async function quietPort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT);
    if ((await freePort(port)) === port) return port;
  }
}

interface Home {
  readonly dir: string;
  readonly onStart: (process: LocalProcess) => void;
}

/** Stops Postgres as for an upgrade: it ends all sessions at once and keeps its data. */
export function startChaosPostgres(home: Home): Promise<RestartableServer<ChaosPostgres>> {
  return makeRestartable(home, {
    name: 'Postgres',
    // Clients find it by its directory, and not by a port.
    start: async (port) => ({
      ...(await startPostgres({ dataDir: join(home.dir, 'postgres') })),
      port,
    }),
    end: (server) => server.stop(),
  });
}

/** The dev server in one process, or the real server on a Postgres of its own. */
export type TemporalKind = 'dev' | 'cluster';

/** Kills Temporal with SIGKILL, in the middle of its writes. */
export function startChaosTemporal(
  home: Home,
  kind: TemporalKind,
): Promise<RestartableServer<ChaosTemporal>> {
  return kind === 'cluster' ? startCluster(home) : startDevServer(home);
}

/** Its Postgres runs on while the server is away, as a database of its own host would. */
async function startCluster(home: Home): Promise<RestartableServer<ChaosTemporal>> {
  let postgres: LocalPostgres | undefined;
  return makeRestartable(home, {
    name: 'Temporal',
    async start(port) {
      const dir = join(home.dir, 'temporal');
      const server = await startTemporalCluster({ dir, port, ...(postgres && { postgres }) });
      if (postgres === undefined) home.onStart(server.postgres.process);
      postgres = server.postgres;
      return { ...server, port: Number(server.address.split(':')[1]) };
    },
    end: killed,
  });
}

async function killed({ process }: ChaosTemporal): Promise<void> {
  process.kill('SIGKILL');
  await process.ended;
}

function startDevServer(home: Home): Promise<RestartableServer<ChaosTemporal>> {
  return makeRestartable(home, {
    name: 'Temporal',
    async start(port) {
      const server = await startTemporal({
        headless: true,
        port,
        databasePath: join(home.dir, 'temporal.db'),
        searchAttributes: SEARCH_ATTRIBUTES.map(
          ({ name, type }) => `${name}=${type.charAt(0)}${type.slice(1).toLowerCase()}`,
        ),
      });
      return { ...server, port: Number(server.address.split(':')[1]) };
    },
    end: killed,
  });
}

type ChaosPostgres = LocalPostgres & { readonly port: number };
type ChaosTemporal = LocalTemporal & { readonly port: number };

interface Kind<Server> {
  readonly name: string;
  readonly start: (port: number) => Promise<Server>;
  readonly end: (server: Server) => Promise<void>;
}

async function makeRestartable<
  Server extends {
    readonly port: number;
    readonly process: LocalProcess;
    stop(): Promise<void>;
  },
>(home: Home, kind: Kind<Server>): Promise<RestartableServer<Server>> {
  const port = await quietPort();
  let current = await kind.start(port);
  home.onStart(current.process);
  let isStopped = false;
  return {
    get current() {
      return current;
    },
    async goDown(forMs, meanwhile) {
      await kind.end(current);
      meanwhile?.();
      await sleep(forMs);
      if (isStopped) return;
      current = await kind.start(port);
      home.onStart(current.process);
      if (current.port !== port) throw new Error(`${kind.name} lost its port ${port} to another`);
    },
    async stop() {
      isStopped = true;
      await current.stop();
    },
  };
}
