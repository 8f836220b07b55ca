/** What a node that is behind, forked, overloaded or wrong says of the chain. */
import type { Random } from '../../local/simulator-random.js';

export interface RpcCallBody {
  readonly jsonrpc: '2.0';
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}

export interface RpcAnswerBody {
  readonly jsonrpc: '2.0';
  readonly id: number;
  readonly result?: unknown;
  readonly error?: unknown;
}

export type LieKind =
  | 'receiptNull'
  | 'blockNull'
  | 'headTooLow'
  | 'headTooHigh'
  | 'headGoesBack'
  | 'nonceTooHigh'
  | 'nonceTooLow'
  | 'receiptForged'
  | 'hundredBehind';

export interface LieOptions {
  readonly calls: readonly RpcCallBody[];
  readonly ask: (calls: readonly RpcCallBody[]) => Promise<readonly RpcAnswerBody[]>;
  readonly strikes: (lie: LieKind) => boolean;
  readonly random: Random;
}

/** Forwards the calls; changes questions (an older block for `latest`) and answers as lies strike. */
export async function lieAbout(options: LieOptions): Promise<readonly RpcAnswerBody[]> {
  const { calls, ask, strikes, random } = options;
  const behind = calls.some(asksForHead) ? blocksBehind(strikes, random) : 0;
  const asked = behind === 0 ? calls : await rewindCalls(calls, behind, ask);
  const answers = await ask(asked);
  return answers.map((answer, index) => {
    const call = calls[index];
    return call === undefined ? answer : distort(call, answer, { strikes, random });
  });
}

function asksForHead(call: RpcCallBody): boolean {
  return call.method === 'eth_blockNumber' || call.params.includes('latest');
}

function blocksBehind(strikes: LieOptions['strikes'], random: Random): number {
  if (strikes('hundredBehind')) return 100;
  if (strikes('headTooLow')) return random.int(2, 8);
  if (strikes('headGoesBack')) return random.int(1, 30);
  return 0;
}

async function rewindCalls(
  calls: readonly RpcCallBody[],
  behind: number,
  ask: LieOptions['ask'],
): Promise<readonly RpcCallBody[]> {
  const [head] = await ask([{ jsonrpc: '2.0', id: 0, method: 'eth_blockNumber', params: [] }]);
  const height = Math.max(0, Number(BigInt(String(head?.result ?? '0x0'))) - behind);
  const block = `0x${height.toString(16)}`;
  return calls.map((call) =>
    call.method === 'eth_blockNumber'
      ? { ...call, method: 'eth_getBlockByNumber', params: [block, false] }
      : { ...call, params: call.params.map((param) => (param === 'latest' ? block : param)) },
  );
}

function distort(
  call: RpcCallBody,
  answer: RpcAnswerBody,
  { strikes, random }: Pick<LieOptions, 'strikes' | 'random'>,
): RpcAnswerBody {
  const { result } = answer;
  if (result === undefined || result === null) return answer;
  const { method } = call;
  if (method === 'eth_blockNumber') {
    // A rewound question comes back as a block.
    const height = typeof result === 'string' ? result : (result as { number: string }).number;
    return strikes('headTooHigh')
      ? answering(answer, add(height, random.int(3, 200)))
      : answering(answer, height);
  }
  if (method === 'eth_getTransactionReceipt') {
    if (strikes('receiptNull')) return answering(answer, null);
    if (strikes('receiptForged')) return answering(answer, forge(result as Receipt, random));
  }
  if (method.startsWith('eth_getBlockBy') && strikes('blockNull')) return answering(answer, null);
  if (method === 'eth_getTransactionCount') {
    if (strikes('nonceTooHigh')) return answering(answer, add(String(result), random.int(1, 4)));
    if (strikes('nonceTooLow')) return answering(answer, add(String(result), -random.int(1, 4)));
  }
  return answer;
}

interface Receipt {
  readonly status: string;
  readonly blockHash: string;
}

/** The other outcome in the same block, or the same outcome in a block that never was. */
function forge(receipt: Receipt, random: Random): Receipt {
  return random.chance(0.5)
    ? { ...receipt, status: receipt.status === '0x1' ? '0x0' : '0x1' }
    : { ...receipt, blockHash: `0x${random.hex(32)}` };
}

function add(quantity: string, difference: number): string {
  const sum = BigInt(quantity) + BigInt(difference);
  return `0x${(sum < 0n ? 0n : sum).toString(16)}`;
}

function answering(answer: RpcAnswerBody, result: unknown): RpcAnswerBody {
  return { ...answer, result };
}
