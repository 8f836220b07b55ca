/** Limits how many connections clients may hold, and for how long. */
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Beyond so many, the oldest connection without the token is closed: a person who wants to halt the pool always gets in. */
const MOST_CONNECTIONS = 500;
/** How long a client without the token may take to read its whole answer. */
const ANSWER_MS = 30_000;

/** Options of the server: how long a request may take to arrive. */
export const ARRIVAL_LIMITS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  // The default checks every half minute.
  connectionsCheckingInterval: 2_000,
};

export interface Bounds {
  readonly mostConnections?: number;
  readonly answerMs?: number;
}

const trusted = new WeakSet<object>();

/** Exempts a connection that has shown the token. */
export function trustConnection(socket: object): void {
  trusted.add(socket);
}

/** Closes connections beyond the limit, and those on which an answer is read too slowly. */
export function boundConnections(server: Server, bounds: Bounds = {}): void {
  const { mostConnections = MOST_CONNECTIONS, answerMs = ANSWER_MS } = bounds;
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    if (open.size <= mostConnections) return;
    for (const one of open) {
      if (trusted.has(one)) continue;
      open.delete(one);
      one.destroy();
      return;
    }
  });
  server.on('request', ({ socket }: IncomingMessage, answer: ServerResponse) => {
    const timer = setTimeout(() => {
      if (!trusted.has(socket)) socket.destroy();
    }, answerMs);
    answer.once('close', () => clearTimeout(timer));
  });
}
