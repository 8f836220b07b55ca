/** An RPC endpoint that can be turned to another node, as a provider's mix-up does it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How an endpoint misbehaves in front of a node that does not. */
export interface RpcMood {
  /** Posts of more calls are refused as a whole, and 0 takes no batch at all. */
  readonly mostCalls?: number;
  /** How posts of too many calls are refused, instead of in words of ours about the batch. */
  readonly tells?: { readonly status: number; readonly text: string };
  /** Every post is refused with these words. */
  readonly refusesAll?: string;
  /** Calls of these methods are refused with these words. */
  readonly refuses?: Readonly<Record<string, string>>;
  /** Changes what a method gives. */
  readonly edit?: (method: string, result: unknown, params: readonly unknown[]) => unknown;
}

export interface RpcSwitch {
  readonly url: string;
  /** Host and port, as messages name it. */
  readonly name: string;
  /** From now on this node answers. */
  turnTo(target: string): void;
  /** From now on it says that it serves this chain, whatever it serves. */
  claimChainId(chainId: number): void;
  /** From now on it behaves so; without a mood as its node does. */
  setMood(mood?: RpcMood): void;
  /** Names of the methods asked since the last time this was asked. */
  methods(): readonly string[];
  stop(): Promise<void>;
}

export async function startRpcSwitch(first: string): Promise<RpcSwitch> {
  let target = first;
  let claimed: number | undefined;
  let asked: string[] = [];
  let mood: RpcMood = {};
  const edited = (one: Answer, { method, params }: Call): Answer => {
    const words = mood.refuses?.[method];
    if (words !== undefined) return { id: one.id, error: { code: -32_601, message: words } };
    if (method === 'eth_chainId' && claimed !== undefined) {
      return { ...one, result: `0x${claimed.toString(16)}` };
    }
    return mood.edit === undefined
      ? one
      : { ...one, result: mood.edit(method, one.result, params) };
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const parsed = JSON.parse(body) as Call | readonly Call[];
      const calls = Array.isArray(parsed) ? (parsed as readonly Call[]) : [parsed as Call];
      asked.push(...calls.map(({ method }) => method));
      const headers = { 'content-type': 'application/json' };
      const refusal = refusalOf(mood, calls.length, Array.isArray(parsed));
      if (refusal !== undefined) {
        const { status, text } = refusal;
        response.writeHead(status, headers).end(text);
        return;
      }
      // What is refused does not reach the node.
      const passed = calls.filter(({ method }) => mood.refuses?.[method] === undefined);
      fetch(target, { method: 'POST', headers, body: JSON.stringify(passed) })
        .then((answer) => (passed.length === 0 ? [] : (answer.json() as Promise<Answer[]>)))
        .then((answers) => {
          const all = calls.map((call) =>
            edited(answers.find(({ id }) => id === call.id) ?? { id: call.id }, call),
          );
          response
            .writeHead(200, headers)
            .end(JSON.stringify(Array.isArray(parsed) ? all : all[0]));
        })
        .catch(() => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const name = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${name}`,
    name,
    turnTo: (next) => {
      target = next;
    },
    claimChainId: (chainId) => {
      claimed = chainId;
    },
    setMood: (next = {}) => {
      mood = next;
    },
    methods: () => {
      const known = asked;
      asked = [];
      return known;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: unknown;
}

/** As providers say it. */
function refusalOf({ mostCalls, refusesAll, tells }: RpcMood, calls: number, isBatch: boolean) {
  const json = (status: number, body: unknown) => ({ status, text: JSON.stringify(body) });
  if (refusesAll !== undefined) {
    return json(200, { id: null, error: { code: 429, message: refusesAll } });
  }
  if (mostCalls === undefined) return undefined;
  if (mostCalls === 0 && isBatch) {
    const message = 'batch requests are not enabled on this plan';
    return json(200, { id: null, error: { code: -32_600, message } });
  }
  if (mostCalls === 0 || calls <= mostCalls) return undefined;
  if (tells !== undefined) return tells;
  const message = `Batch of more than ${mostCalls} requests are not allowed on free tier`;
  return json(500, { message, code: 31 });
}
