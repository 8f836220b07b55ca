/** Checks with every post that an endpoint answers for the chain that the ledger is on. */

import { ChainError, OtherChainError } from './endpoint-error.js';
import { type BlockHeader, readCount, readHeader } from './node-answers.js';
import {
  inPosts,
  type RpcAnswer,
  type RpcCall,
  type RpcEndpoint,
  type RpcPoster,
} from './rpc/rpc-client.js';

/** A block of the ledger's own chain. */
export type KnownBlock = Pick<BlockHeader, 'number' | 'hash'>;

export interface OwnChain {
  readonly chainId: number;
  /** A block that every endpoint must show; null until the ledger has one. */
  anchor(): KnownBlock | null;
  /** Called after each batch from our chain, with the head's timestamp if that was asked for, else null. */
  onShown(headAtMs: number | null): void;
}

/** How long a head's time is used before it is asked for again. */
const HEAD_KNOWN_FOR_MS = 5_000;

/**
 * Wraps an endpoint to ask for the chain's id and the anchor in each post. They are asked together with the calls, because
 * a provider may answer two posts from two machines. A batch throws an OtherChainError when the endpoint serves another
 * chain. Where a post has no room for the extra calls, they are asked before and after it.
 */
export function onOwnChain(endpoint: RpcPoster, own: OwnChain): RpcEndpoint {
  let headAskedAt = Number.NEGATIVE_INFINITY;
  const proofs = (): readonly RpcCall[] => {
    const anchor = own.anchor();
    const id = { method: 'eth_chainId', params: [] };
    return anchor === null ? [id] : [id, blockCall(`0x${anchor.number.toString(16)}`)];
  };
  const require = (answers: readonly RpcAnswer[]): void => {
    const anchor = own.anchor();
    requireChainId(endpoint.name, answers[0], own.chainId);
    if (anchor !== null && answers.length > 1) requireAnchor(endpoint.name, answers[1], anchor);
  };
  const isRoomy = () => endpoint.mostCalls() > proofs().length;
  const post = async (calls: readonly RpcCall[]): Promise<readonly RpcAnswer[]> => {
    const proof = proofs();
    if (isRoomy()) {
      const answers = await endpoint.post([...proof, ...calls]);
      require(answers.slice(0, proof.length));
      return answers.slice(proof.length);
    }
    require(await endpoint.batch(proof));
    const answers = await endpoint.post(calls);
    require(await endpoint.batch(proofs()));
    return answers;
  };
  const most = () => Math.max(endpoint.mostCalls() - (isRoomy() ? proofs().length : 0), 1);
  return {
    name: endpoint.name,
    async batch(calls) {
      const asksHead = performance.now() - headAskedAt >= HEAD_KNOWN_FOR_MS;
      const asked = asksHead ? [blockCall('latest'), ...calls] : calls;
      const answers = await inPosts(asked, most, post);
      const headAtMs = asksHead ? headTime(endpoint.name, answers[0]) : null;
      if (asksHead) headAskedAt = performance.now();
      own.onShown(headAtMs);
      return asksHead ? answers.slice(1) : answers;
    },
  };
}

function blockCall(block: string): RpcCall {
  return { method: 'eth_getBlockByNumber', params: [block, false] };
}

function requireChainId(name: string, answer: RpcAnswer | undefined, ours: number): void {
  const served = readCount(resultOf(name, answer, 'its chain id'), 'chain id');
  if (served === ours) return;
  throw new OtherChainError(`${name} serves chain ${served}, the ledger is on ${ours}`, 'id');
}

function requireAnchor(name: string, answer: RpcAnswer | undefined, anchor: KnownBlock): void {
  const header = readHeader(resultOf(name, answer, `block ${anchor.number}`));
  if (header === null || header.number !== anchor.number) {
    const words = `${name} does not show block ${anchor.number}, by which the ledger knows its chain`;
    throw new ChainError('garbled', words);
  }
  if (header.hash === anchor.hash) return;
  throw new OtherChainError(otherBlock(name, anchor, header.hash), 'block');
}

/** Builds the message for an endpoint that shows another block than the one that the ledger knows. */
export function otherBlock(name: string, known: KnownBlock, shown: string): string {
  const hashes = `${shown.slice(0, 12)}… where the ledger knows ${known.hash.slice(0, 12)}…`;
  return `${name} shows another chain under the same id: block ${known.number} is ${hashes}`;
}

function headTime(name: string, answer: RpcAnswer | undefined): number {
  const head = readHeader(resultOf(name, answer, 'its latest block'));
  if (head === null) throw new ChainError('garbled', `${name} has no latest block`);
  return head.atMs;
}

function resultOf(name: string, answer: RpcAnswer | undefined, what: string): unknown {
  if (answer?.ok === true) return answer.result;
  const why = answer === undefined ? 'nothing' : answer.error.message;
  throw new ChainError('refused', `${name} does not tell ${what}: ${why}`);
}
