/** Changes a node's answers to those of one that is behind, forked, overloaded or wrong. */
import type { Random } from '../../dev/kit/random.js';
import type { RpcAnswer, RpcCall } from '../../dev/kit/rpc-server.js';
import type { Lie } from './fault-tally.js';

export interface LieOptions {
  readonly calls: readonly RpcCall[];
  readonly ask: (calls: readonly RpcCall[]) => Promise<readonly RpcAnswer[]>;
  /** Returns true when this lie is told now. Is called only where the lie would change the answer. */
  readonly strikes: (lie: Lie) => boolean;
  readonly random: Random;
}

/** Forwards the calls. For a lie it changes the question (an older block for `latest`) or the answer. */
export async function lieAbout(options: LieOptions): Promise<readonly RpcAnswer[]> {
  const { calls, ask, strikes, random } = options;
  if (calls.some(showsAge) && strikes('hundredBehind')) return answerBehind(calls, ask);
  const rewind = calls.some(asksForHead) ? blocksBehind(strikes, random) : 0;
  const asked = rewind === 0 ? calls : rewound(calls, (await heightOf(ask)) - rewind);
  const answers = await ask(asked);
  return answers.map((answer, index) => {
    const call = calls[index];
    return call === undefined ? answer : distort(call, answer, { strikes, random });
  });
}

const HEAD_TAGS: readonly unknown[] = ['latest', 'pending'];
const BEHIND_BLOCKS = 100;

function asksForHead({ method, params }: RpcCall): boolean {
  return method === 'eth_blockNumber' || params.some((param) => HEAD_TAGS.includes(param));
}

/** Returns true when a node that is behind would answer this call differently. */
function showsAge(call: RpcCall): boolean {
  return asksForHead(call) || /^eth_get(Block|Transaction)/.test(call.method);
}

function blocksBehind(strikes: LieOptions['strikes'], random: Random): number {
  if (strikes('headTooLow')) return random.int(2, 8);
  // More blocks than the chain grows by between two questions, so the head is lower than in the answer before.
  if (strikes('headGoesBack')) return random.int(10, 60);
  return 0;
}

async function heightOf(ask: LieOptions['ask']): Promise<number> {
  const [head] = await ask([{ jsonrpc: '2.0', id: 0, method: 'eth_blockNumber', params: [] }]);
  return Number(BigInt(String(head?.result ?? '0x0')));
}

function rewound(calls: readonly RpcCall[], height: number): readonly RpcCall[] {
  const block = `0x${Math.max(height, 0).toString(16)}`;
  return calls.map((call) => ({
    ...call,
    params: call.params.map((param) => (HEAD_TAGS.includes(param) ? block : param)),
  }));
}

/** Plays an honest node that has not got the last hundred blocks. Its answers fit together. */
async function answerBehind(
  calls: readonly RpcCall[],
  ask: LieOptions['ask'],
): Promise<readonly RpcAnswer[]> {
  const height = Math.max((await heightOf(ask)) - BEHIND_BLOCKS, 0);
  const answers = await ask(rewound(calls, height));
  return answers.map((answer, index) => {
    const call = calls[index];
    if (call === undefined || !isYounger(call, answer, height)) return answer;
    const { jsonrpc, id } = answer;
    if (call.method === 'eth_blockNumber') return { jsonrpc, id, result: hex(height) };
    const isKnownBy = /^eth_get(Block|TransactionReceipt|TransactionByHash)/.test(call.method);
    if (isKnownBy) return { jsonrpc, id, result: null };
    return { jsonrpc, id, error: { code: -32_000, message: 'header not found' } };
  });
}

function isYounger(call: RpcCall, answer: RpcAnswer, height: number): boolean {
  if (call.method === 'eth_blockNumber') return true;
  const named = call.params.find((param) => typeof param === 'string' && isQuantity(param));
  if (named !== undefined) return Number(named) > height;
  const shown = fieldOf(answer.result, 'blockNumber') ?? fieldOf(answer.result, 'number');
  return typeof shown === 'string' && Number(shown) > height;
}

function isQuantity(text: string): boolean {
  return /^0x[0-9a-f]{1,16}$/.test(text);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function distort(
  call: RpcCall,
  answer: RpcAnswer,
  { strikes, random }: Pick<LieOptions, 'strikes' | 'random'>,
): RpcAnswer {
  const { result } = answer;
  if (result === undefined || result === null) return answer;
  const { method } = call;
  if (method === 'eth_getTransactionReceipt') {
    if (strikes('receiptNull')) return { ...answer, result: null };
    return strikes('receiptForged')
      ? { ...answer, result: forge(result as Receipt, random) }
      : answer;
  }
  if (method.startsWith('eth_getBlockBy')) {
    if (strikes('blockNull')) return { ...answer, result: null };
    if (!asksForHead(call) || !strikes('headTooHigh')) return answer;
    const block = result as { readonly number: string };
    const number = add(block.number, random.int(3, 200));
    return { ...answer, result: { ...block, number, hash: `0x${random.hex(32)}` } };
  }
  if (method === 'eth_getTransactionCount') {
    if (strikes('nonceTooHigh')) {
      return { ...answer, result: add(String(result), random.int(1, 4)) };
    }
    const isAboveZero = BigInt(String(result)) > 0n;
    if (isAboveZero && strikes('nonceTooLow')) {
      return { ...answer, result: add(String(result), -random.int(1, 4)) };
    }
  }
  return answer;
}

interface Receipt {
  readonly status: string;
  readonly blockHash: string;
}

/** Changes a receipt: the other outcome in the same block, or the same outcome in a block that does not exist. */
function forge(receipt: Receipt, random: Random): Receipt {
  return random.chance(0.5)
    ? { ...receipt, status: receipt.status === '0x1' ? '0x0' : '0x1' }
    : { ...receipt, blockHash: `0x${random.hex(32)}` };
}

function add(quantity: string, difference: number): string {
  const sum = BigInt(quantity) + BigInt(difference);
  return hex(sum < 0n ? 0n : sum);
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}
