/** A JSON-RPC endpoint in front of a real node that can be told to misbehave, and counts how often. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Random } from '../../dev/simulator/simulator-random.js';
import type { FaultTally, MovedFault, RpcFault, TransportFault } from './fault-tally.js';
import { lieAbout, type RpcAnswerBody, type RpcCallBody } from './rpc-lies.js';

export interface RpcProxy {
  readonly url: string;
  /** Chance of each fault per request (transport) or per answer (lies); unnamed ones are off. */
  setFaults(chances: FaultChances): void;
  /** Lets another node answer, or again its own. */
  moveTo(place: Elsewhere | undefined): void;
  readonly requests: () => number;
  stop(): Promise<void>;
}

/** A node of another chain, and what its answers count as. */
export interface Elsewhere {
  readonly target: string;
  readonly fault: MovedFault;
}

export type FaultChances = Readonly<Partial<Record<RpcFault, number>>>;

export interface RpcProxyOptions {
  readonly target: string;
  readonly random: Random;
  readonly tally: FaultTally;
  /** Longer than the client's time-out, so that a late answer is late. */
  readonly lateByMs: number;
  /** Told of signed bytes before the node is. */
  readonly onRaw: (raws: readonly string[]) => Promise<void>;
}

/** Order matters: what never reaches the node comes first. */
const BEFORE: readonly TransportFault[] = ['rpcDown', 'requestLost', 'http429', 'http5xx'];
const AFTER: readonly TransportFault[] = ['answerLate', 'garbageAnswer', 'htmlAnswer'];
/** Requests that carry signed bytes are the rare and dangerous ones: they are hit so much harder. */
const SEND_FACTOR = 4;
/** What a node says that does not take the bytes, and would not take them from anybody. */
const REFUSAL = { code: -32_000, message: 'transaction type not supported' };

export async function startRpcProxy(options: RpcProxyOptions): Promise<RpcProxy> {
  const { random, target, tally } = options;
  let chances: FaultChances = {};
  let elsewhere: Elsewhere | undefined;
  let requests = 0;
  const strikes = (fault: RpcFault, factor = 1) => {
    const isStruck = random.chance((chances[fault] ?? 0) * factor);
    if (isStruck) tally.note(fault);
    return isStruck;
  };

  const server = createServer((request, response) => {
    requests += 1;
    handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parsed = JSON.parse(await readBody(request)) as RpcCallBody | RpcCallBody[];
    const calls = Array.isArray(parsed) ? parsed : [parsed];
    const raws = calls.flatMap(({ method, params }) =>
      method === 'eth_sendRawTransaction' ? [String(params[0])] : [],
    );
    const factor = raws.length > 0 ? SEND_FACTOR : 1;
    const before = BEFORE.find((fault) => strikes(fault, factor));
    if (before !== undefined) return refuse(before, response);
    if (raws.length > 0) await options.onRaw(raws);
    if (raws.length > 0 && strikes('bytesRefused')) {
      const refused = calls.map(({ jsonrpc, id }) => ({ jsonrpc, id, error: REFUSAL }));
      return reply(
        undefined,
        JSON.stringify(Array.isArray(parsed) ? refused : refused[0]),
        response,
      );
    }
    const place = elsewhere;
    const ask = (batch: readonly RpcCallBody[]) => post(place?.target ?? target, batch);
    const answers = await lieAbout({ calls, ask, strikes, random });
    if (place !== undefined) tally.note(place.fault);
    const isTaken = raws.length > 0 && answers.some(({ result }) => result !== undefined);
    if (isTaken && strikes('answerLost')) return void response.destroy();
    const fault = AFTER.find((one) => strikes(one, factor));
    await reply(fault, JSON.stringify(Array.isArray(parsed) ? answers : answers[0]), response);
  }

  async function reply(
    fault: TransportFault | undefined,
    answer: string,
    response: ServerResponse,
  ): Promise<void> {
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

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    setFaults(next) {
      chances = next;
    },
    moveTo(place) {
      elsewhere = place;
    },
    requests: () => requests,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function refuse(fault: TransportFault, response: ServerResponse): void {
  if (fault === 'http429') response.writeHead(429, { 'retry-after': '1' }).end('slow down');
  else if (fault === 'http5xx') response.writeHead(503).end('service unavailable');
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
