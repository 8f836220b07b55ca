/** A JSON-RPC endpoint in front of a real node that can be told to misbehave, and counts how often. */
import type { Random } from '../../dev/kit/random.js';
import {
  answersText,
  postCalls,
  type RawReply,
  type RpcCall,
  startRpcServer,
} from '../../dev/kit/rpc-server.js';
import type { FaultTally, MovedFault, RpcFault, TransportFault } from './fault-tally.js';
import { lieAbout } from './rpc-lies.js';

export interface RpcProxy {
  readonly url: string;
  /** Sets the chance of each fault, per request (transport) or per answer (lies). Faults without one are off. */
  setFaults(chances: FaultChances): void;
  /** Lets another node answer, or its own node again. */
  moveTo(place: Elsewhere | undefined): void;
  readonly requests: () => number;
  stop(): Promise<void>;
}

/** A node of another chain, and the class of fault that its answers count as. */
export interface Elsewhere {
  readonly target: string;
  readonly fault: MovedFault;
}

export type FaultChances = Readonly<Partial<Record<RpcFault, number>>>;

export interface RpcProxyOptions {
  readonly target: string;
  readonly random: Random;
  readonly tally: FaultTally;
  /** Longer than the client's time-out, so that the client has given up when the answer comes. */
  readonly lateByMs: number;
  /** Is called with signed bytes before the node gets them. */
  readonly onRaw: (raws: readonly string[]) => Promise<void>;
}

/** The order matters: faults of requests that never reach the node come first. */
const BEFORE: readonly TransportFault[] = ['rpcDown', 'requestLost', 'http429', 'http5xx'];
const AFTER: readonly TransportFault[] = ['answerLate', 'garbageAnswer', 'htmlAnswer'];
/** Requests with signed bytes are rare and dangerous, so faults strike them this many times as often. */
const SEND_FACTOR = 4;
/** The answer of a node that refuses the bytes, whoever sends them. */
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

  const server = await startRpcServer(async ({ calls, isBatch }) => {
    requests += 1;
    const raws = calls.flatMap(({ method, params }) =>
      method === 'eth_sendRawTransaction' ? [String(params[0])] : [],
    );
    const factor = raws.length > 0 ? SEND_FACTOR : 1;
    const before = BEFORE.find((fault) => strikes(fault, factor));
    if (before !== undefined) return REFUSALS[before];
    if (raws.length > 0) await options.onRaw(raws);
    if (raws.length > 0 && strikes('bytesRefused')) {
      return calls.map(({ jsonrpc, id }) => ({ jsonrpc, id, error: REFUSAL }));
    }
    const place = elsewhere;
    const ask = (batch: readonly RpcCall[]) => postCalls(place?.target ?? target, batch);
    const answers = await lieAbout({ calls, ask, strikes, random });
    if (place !== undefined) tally.note(place.fault);
    const isTaken = raws.length > 0 && answers.some(({ result }) => result !== undefined);
    if (isTaken && strikes('answerLost')) return undefined;
    const fault = AFTER.find((one) => strikes(one, factor));
    if (fault === 'answerLate') {
      await new Promise((resolve) => setTimeout(resolve, options.lateByMs));
    }
    return { status: 200, text: spoiled(answersText(answers, isBatch), fault) };
  });

  return {
    url: server.url,
    setFaults(next) {
      chances = next;
    },
    moveTo(place) {
      elsewhere = place;
    },
    requests: () => requests,
    stop: () => server.stop(),
  };
}

/** Answers in place of the node. A lost request, and one without a server, gets no answer. */
const REFUSALS: Readonly<Partial<Record<TransportFault, RawReply>>> = {
  http429: { status: 429, text: 'slow down', headers: { 'retry-after': '1' } },
  http5xx: { status: 503, text: 'service unavailable' },
};

function spoiled(answer: string, fault: TransportFault | undefined): string {
  if (fault === 'garbageAnswer') return answer.slice(0, Math.floor(answer.length / 2));
  if (fault === 'htmlAnswer') return '<html><body><h1>502 Bad Gateway</h1></body></html>';
  return answer;
}
