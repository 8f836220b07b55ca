/** An RPC endpoint that can be turned to another node, as a provider's mix-up does it. */
import {
  postCalls,
  type RpcAnswer,
  type RpcCall,
  startRpcServer,
} from '../../dev/kit/rpc-server.js';

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
  const edited = (one: RpcAnswer, { method, params }: RpcCall): RpcAnswer => {
    const words = mood.refuses?.[method];
    if (words !== undefined) return { id: one.id, error: { code: -32_601, message: words } };
    if (method === 'eth_chainId' && claimed !== undefined) {
      return { ...one, result: `0x${claimed.toString(16)}` };
    }
    return mood.edit === undefined
      ? one
      : { ...one, result: mood.edit(method, one.result, params) };
  };
  const server = await startRpcServer(async ({ calls, isBatch }) => {
    asked.push(...calls.map(({ method }) => method));
    const refusal = refusalOf(mood, calls.length, isBatch);
    if (refusal !== undefined) return refusal;
    // What is refused does not reach the node.
    const passed = calls.filter(({ method }) => mood.refuses?.[method] === undefined);
    const answers = passed.length === 0 ? [] : await postCalls(target, passed);
    return calls.map((call) =>
      edited(answers.find(({ id }) => id === call.id) ?? { id: call.id }, call),
    );
  });
  return {
    url: server.url,
    name: `127.0.0.1:${server.port}`,
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
    stop: () => server.stop(),
  };
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
