/** HTTP servers on loopback that play an orchestrator, an RPC endpoint or a signer. */
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

export type Answering = (request: IncomingMessage, response: ServerResponse) => void;

export interface LocalServer {
  readonly url: string;
  readonly port: number;
  /** Stops the server, and closes the connections that are still open. */
  stop(): Promise<void>;
  /** Listens at the same port again. */
  restart(): Promise<void>;
}

export interface LocalServerOptions {
  /** @default any free port */
  readonly port?: number;
  /** How long an unused connection is kept. @default Node's own */
  readonly keepAliveMs?: number;
  /** Speaks HTTPS. */
  readonly tls?: ServerOptions | undefined;
}

export async function startHttpServer(
  answer: Answering,
  options: LocalServerOptions = {},
): Promise<LocalServer> {
  const { tls } = options;
  const server = tls === undefined ? createHttp(answer) : createHttps(tls, answer);
  if (options.keepAliveMs !== undefined) server.keepAliveTimeout = options.keepAliveMs;
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    restart: () => listen(server, port),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
