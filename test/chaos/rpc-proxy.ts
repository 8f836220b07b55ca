/** A JSON-RPC endpoint in front of a real node that can be told to misbehave, and counts how often. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Random } from '../../local/simulator-random.js';
import { type LieKind, lieAbout, type RpcAnswerBody, type RpcCallBody } from './rpc-lies.js';

/** What goes wrong with a whole request, and what one answer in it lies about. */
export type TransportFault =
  | 'answerLost'
  | 'requestLost'
  | 'answerLate'
  | 'http429'
  | 'http503'
  | 'garbageAnswer'
  | 'htmlAnswer'
  | 'rpcDown';
export type RpcFault = TransportFault | LieKind;

export interface RpcProxy {
  readonly url: string;
  /** Chance of each fault per request (transport) or per answer (lies); unnamed ones are off. */
  setFaults(chances: Partial<Record<RpcFault, number>>): void;
  /** How often each fault really happened. */
  readonly injected: ReadonlyMap<RpcFault, number>;
  readonly requests: () => number;
  stop(): Promise<void>;
}

export interface RpcProxyOptions {
  readonly target: string;
  readonly random: Random;
  /** Longer than the client's time-out, so that a late answer is late. */
  readonly lateByMs: number;
}

/** Order matters: what never reaches the node comes first. */
const BEFORE: readonly TransportFault[] = ['rpcDown', 'requestLost', 'http429', 'http503'];
const AFTER: readonly TransportFault[] = [
  'answerLost',
  'answerLate',
  'garbageAnswer',
  'htmlAnswer',
];

export async function startRpcProxy(options: RpcProxyOptions): Promise<RpcProxy> {
  const { random, target } = options;
  const injected = new Map<RpcFault, number>();
  let chances: Partial<Record<RpcFault, number>> = {};
  let requests = 0;
  const count = (fault: RpcFault) => injected.set(fault, (injected.get(fault) ?? 0) + 1);
  const strikes = (fault: RpcFault) => {
    const isStruck = random.chance(chances[fault] ?? 0);
    if (isStruck) count(fault);
    return isStruck;
  };

  const server = createServer((request, response) => {
    requests += 1;
    handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const before = BEFORE.find(strikes);
    if (before !== undefined) return refuse(before, response);
    const answer = await forward(body);
    const after = AFTER.find(strikes);
    await reply(after, answer, response);
  }

  async function reply(
    fault: TransportFault | undefined,
    answer: string,
    response: ServerResponse,
  ): Promise<void> {
    if (fault === 'answerLost') return void response.destroy();
    if (fault === 'answerLate') {
      await new Promise((resolve) => setTimeout(resolve, options.lateByMs));
    }
    const text =
      fault === 'garbageAnswer'
        ? answer.slice(0, Math.floor(answer.length / 2))
        : fault === 'htmlAnswer'
          ? '<html><body><h1>502 Bad Gateway</h1></body></html>'
          : answer;
    response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  }

  /** Asks the node; lies change the question (an older block) or the answer. */
  async function forward(body: string): Promise<string> {
    const parsed = JSON.parse(body) as RpcCallBody | RpcCallBody[];
    const calls = Array.isArray(parsed) ? parsed : [parsed];
    const ask = (batch: readonly RpcCallBody[]) => post(target, batch);
    const answers = await lieAbout({ calls, ask, strikes, random });
    return JSON.stringify(Array.isArray(parsed) ? answers : answers[0]);
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    setFaults(next) {
      chances = next;
    },
    injected,
    requests: () => requests,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function refuse(fault: TransportFault, response: ServerResponse): void {
  if (fault === 'http429') response.writeHead(429, { 'retry-after': '1' }).end('slow down');
  else if (fault === 'http503') response.writeHead(503).end('service unavailable');
  else response.destroy();
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function post(target: string, batch: readonly RpcCallBody[]): Promise<RpcAnswerBody[]> {
  const response = await fetch(target, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(batch),
    signal: AbortSignal.timeout(20_000),
  });
  return (await response.json()) as RpcAnswerBody[];
}
