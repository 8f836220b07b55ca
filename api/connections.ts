/** Limits how many connections clients may hold, and for how long. */
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** From here on, a new connection closes the oldest that has not shown the token: who wants to halt always gets in. */
const MOST_CONNECTIONS = 500;
/** How many ms a client without the token may take to read a whole answer. */
const ANSWER_MS = 30_000;

/** Server options that limit how long a request may take to arrive. */
export const ARRIVAL_LIMITS: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5_000,
  // Checks the limits every two seconds; the default is every 30.
  connectionsCheckingInterval: 2_000,
};

export interface Bounds {
  readonly mostConnections?: number;
  readonly answerMs?: number;
}

const trusted = new WeakSet<object>();

/**
 * Exempts a connection from all limits while its requests bring a token that may decide. A token that may only read
 * does not: whoever has one must not be able to keep out those who decide.
 */
export function trustConnection(socket: object, isTrusted: boolean): void {
  if (isTrusted) trusted.add(socket);
  else trusted.delete(socket);
}

/** A connection that has sent more requests than this, without waiting for the answers, is closed. */
const MOST_WAITING = 50;

type Handle = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

/**
 * Handles the requests of a connection one after the other. Node passes on at once all that a client sends without waiting
 * for answers, so that one connection would do the work of many; and the answers whose turn has not come when the
 * connection ends would never end.
 */
export function inTurn(handle: Handle): Handle {
  /** The requests that wait, for each connection with a request under way; undefined while none waits. */
  const lines = new Map<Socket, ServerResponse[] | undefined>();
  const begin = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    outgoing.on('close', goOn);
    handle(incoming, outgoing);
  };
  // It is the same function for all answers: making one for each takes longer than calling it.
  function goOn(this: ServerResponse): void {
    const { socket } = this.req;
    const next = lines.get(socket)?.shift();
    // Node gives the connection to the next answer, unless the connection has ended.
    if (next !== undefined && next.socket !== null) begin(next.req, next);
    else lines.delete(socket);
  }
  return (incoming, outgoing) => {
    const { socket } = incoming;
    const line = lines.get(socket);
    if (!lines.has(socket)) {
      lines.set(socket, undefined);
      begin(incoming, outgoing);
    } else if (line === undefined) lines.set(socket, [outgoing]);
    else if (line.length < MOST_WAITING) line.push(outgoing);
    else socket.destroy();
  };
}

/** Closes the oldest connection when there are too many, and those whose client reads an answer too slowly. */
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
  // One timer for all answers: most are sent within a few microseconds, and a timer for each would be a part of that.
  const sending = new Map<ServerResponse, number>();
  const closeSlow = () => {
    const nowMs = performance.now();
    for (const [answer, dueMs] of sending) {
      if (dueMs > nowMs) return;
      sending.delete(answer);
      const { socket } = answer.req;
      if (!trusted.has(socket)) socket.destroy();
    }
  };
  const timer = setInterval(closeSlow, Math.min(1_000, answerMs / 4)).unref();
  server.once('close', () => clearInterval(timer));
  function sent(this: ServerResponse): void {
    sending.delete(this);
  }
  server.on('request', (_, answer: ServerResponse) => {
    sending.set(answer, performance.now() + answerMs);
    answer.on('close', sent);
  });
}
