import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Client } from '@temporalio/client';
import { readVersion } from '../config/process.js';
import type { Config } from '../config.js';
import type { Database } from '../store/database.js';
import type { Service, ServiceContext } from '../worker/service.js';
import { createApp } from './app.js';
import type { ApiDeps } from './deps.js';
import { cannotListen } from './listening.js';
import { openTemporal } from './sagas.js';

const REQUEST_TIMEOUT_MS = 30_000;
/** How long requests that are under way may still take when the process ends. */
const DRAIN_TIMEOUT_MS = 5_000;

export interface RunningApi {
  readonly url: string;
  /** Takes no new requests, lets the open ones end, and resolves. */
  stop(): Promise<void>;
}

export interface ApiOptions {
  readonly config: Config;
  readonly db: Database;
  readonly poolId: string;
  readonly client: Client;
  /** @default the version of this package */
  readonly version?: string;
  readonly onFault?: ApiDeps['onFault'];
  readonly onWrongTokens?: ApiDeps['onWrongTokens'];
}

/** Listens where the configuration says; rejects with API_CANNOT_LISTEN when the port is taken. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { config, db, poolId, client, version = readVersion(), onFault, onWrongTokens } = options;
  const told = { ...(onFault ? { onFault } : {}), ...(onWrongTokens ? { onWrongTokens } : {}) };
  const app = createApp({ config, db, poolId, client, version, ...told });
  const { host, port } = config.api;
  const server = serve({
    fetch: app.fetch,
    hostname: host,
    port,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT_MS },
  });
  const address = await new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, config.api)));
    server.once('listening', () => {
      const bound = server.address();
      if (bound !== null && typeof bound === 'object') resolve(bound);
    });
  });
  const isIpv6 = address.family === 'IPv6';
  return {
    url: `http://${isIpv6 ? `[${address.address}]` : address.address}:${address.port}`,
    stop: () =>
      new Promise((resolve) => {
        const cut = setTimeout(() => {
          if ('closeAllConnections' in server) server.closeAllConnections();
        }, DRAIN_TIMEOUT_MS);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        if ('closeIdleConnections' in server) server.closeIdleConnections();
      }),
  };
}

/** The API as a part of a process. It answers while Temporal is out of reach: the halt needs none. */
export async function serveApi(context: ServiceContext): Promise<Service> {
  const { config, db, ledger, log, version } = context;
  const { poolId } = ledger;
  const { temporal } = config;
  const connection = openTemporal(temporal);
  const client = new Client({ connection, namespace: temporal.namespace });
  const onFault = (error: unknown, request: string) => log.error({ err: error, request }, 'fault');
  const onWrongTokens = (address: string, total: number) =>
    log.warn(
      { code: 'API_TOKEN_TRIED_TOO_OFTEN', address, total },
      'somebody tries wrong tokens of the API: that address has to wait',
    );
  const api = await startApi({ config, db, poolId, client, version, onFault, onWrongTokens });
  process.stdout.write(`openpool api listening on ${api.url}\n`);
  return {
    done: new Promise(() => undefined),
    async stop() {
      await api.stop();
      await connection.close();
    },
  };
}
