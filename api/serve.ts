import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Client } from '@temporalio/client';
import { openTemporal } from '../client/workflow-calls.js';
import { readVersion } from '../config/reading/program.js';
import { closeDatabase, openDatabase } from '../core/db/database.js';
import { cannotListen } from '../start/checking/listening.js';
import type { Service, ServiceContext } from '../start/service.js';
import { type ApiDeps, createApp } from './app.js';
import { ARRIVAL_LIMITS, type Bounds, boundConnections } from './connections.js';

/** How long requests without the token get the same bytes. */
const ANSWERS_KEPT_MS = 1_000;
/** The connections of all reads, three for each read gate, and how long a read may take. */
const READS = { maxConnections: 9, statementTimeoutMs: 5_000 };
/** How long requests that are under way may still take when the process ends. */
const DRAIN_TIMEOUT_MS = 5_000;

export interface RunningApi {
  readonly url: string;
  /** Takes no new requests and resolves when the open ones have ended. */
  stop(): Promise<void>;
}

export interface ApiOptions extends Omit<ApiDeps, 'version'> {
  /** @default the version of this package */
  readonly version?: string;
  /** @default 500 connections, 30 s for an answer */
  readonly bounds?: Bounds;
}

/** Listens where the configuration says; rejects with API_CANNOT_LISTEN when the port is taken. */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const { config, version = readVersion() } = options;
  const app = createApp({ ...options, version });
  const { host, port } = config.api;
  const server = serve({
    fetch: app.fetch,
    hostname: host,
    port,
    serverOptions: ARRIVAL_LIMITS,
  }) as Server;
  boundConnections(server, options.bounds);
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
        const cut = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT_MS);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

/** Runs the API as a part of a process. It answers while Temporal is out of reach, because halting needs no Temporal. */
export async function serveApi(context: ServiceContext): Promise<Service> {
  const { config, db, databaseUrl, ledger, log, version } = context;
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
  const reads = openDatabase({ url: databaseUrl, ...READS });
  const api = await startApi({
    config,
    db,
    reads,
    answersKeptMs: ANSWERS_KEPT_MS,
    poolId,
    client,
    version,
    onFault,
    onWrongTokens,
  });
  process.stdout.write(`openpool api listening on ${api.url}\n`);
  // A worker that has started this process waits for this message.
  process.send?.('listening');
  return {
    done: new Promise(() => undefined),
    async stop() {
      await api.stop();
      await closeDatabase(reads);
      await connection.close();
    },
  };
}
