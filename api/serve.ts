import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Client } from '@temporalio/client';
import { openTemporal } from '../client/workflow-calls.js';
import { closeDatabase, openDatabase } from '../core/db/database.js';
import { cannotListen } from '../start/checking/listening.js';
import { createProcessMetrics } from '../start/process-metrics.js';
import type { Service, ServiceContext } from '../start/service.js';
import { type ApiDeps, createApi } from './app.js';
import {
  ARRIVAL_LIMITS,
  type Bounds,
  boundConnections,
  inTurn,
  trustConnection,
} from './connections.js';
import { measureRequests } from './metrics/requests.js';

/** Requests without the token get the same bytes for so many ms, and none that are more than twice as old. */
const ANSWERS_KEPT_MS = 1_000;
/** The limits of reads: twelve connections, three for each read gate, and five seconds for a statement. */
const READS = { maxConnections: 12, statementTimeoutMs: 5_000 };
/** How many ms requests that are under way may still take when the process stops. */
const DRAIN_TIMEOUT_MS = 5_000;

export type RunningApi = Awaited<ReturnType<typeof startApi>>;

export interface ApiOptions extends ApiDeps {
  /** @default 500 connections, 30 s for an answer */
  readonly bounds?: Bounds;
}

/** Starts to listen on the configured port. Rejects with API_CANNOT_LISTEN when that fails. */
export async function startApi(options: ApiOptions) {
  const { config, processMetrics } = options;
  const { host, port } = config.api;
  const metrics = processMetrics && measureRequests(processMetrics);
  const { app, answerKept, live } = createApi(options);
  const listen = getRequestListener(app.fetch, { hostname: host });
  const handle = inTurn((incoming, outgoing) => {
    if (answerKept(incoming, outgoing)) {
      trustConnection(incoming.socket, false);
      metrics?.countKept();
      return;
    }
    metrics?.measure(outgoing);
    void listen(incoming, outgoing);
  });
  const server = createServer(ARRIVAL_LIMITS, handle);
  boundConnections(server, options.bounds);
  const address = await new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', (error) => reject(cannotListen(error, config.api)));
    server.once('listening', () => {
      const bound = server.address();
      if (bound !== null && typeof bound === 'object') resolve(bound);
    });
    server.listen(port, host);
  });
  const isIpv6 = address.family === 'IPv6';
  return {
    url: `http://${isIpv6 ? `[${address.address}]` : address.address}:${address.port}`,
    /** Stops taking requests, and resolves when those under way have ended. */
    async stop(): Promise<void> {
      live.close();
      const cut = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT_MS);
      server.close();
      server.closeIdleConnections();
      await once(server, 'close');
      clearTimeout(cut);
    },
  };
}

/**
 * Runs the API as one of a process's services. It answers even while Temporal is away, because halting needs no
 * Temporal.
 */
export async function serveApi(context: ServiceContext): Promise<Service> {
  const { config, db, databaseUrl, ledger, log, version } = context;
  const { poolId } = ledger;
  const { temporal } = config;
  const connection = openTemporal(temporal);
  const client = new Client({ connection, namespace: temporal.namespace });
  const onFault: ApiDeps['onFault'] = (error, request, requestId) =>
    log.error({ err: error, request, requestId }, 'fault');
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
    processMetrics: createProcessMetrics(db),
  });
  process.stdout.write(`openpool api listening on ${api.url}\n`);
  // Tells the worker that started this process, if one did, that the API listens.
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
