/** Asks every RPC endpoint what a worker will ask it, and says which of them can be used. */
import type { Config } from '../../config/config.js';
import type { Address } from '../../core/base/address.js';
import { ChainError, OtherChainError } from '../../core/chain/endpoint-error.js';
import { type ChainReads, chainReadsOf } from '../../core/chain/node-reads.js';
import { type KnownBlock, onOwnChain } from '../../core/chain/own-chain.js';
import { rpcHost } from '../../core/chain/rpc/rpc-address.js';
import { createRpcEndpoint } from '../../core/chain/rpc/rpc-client.js';
import type { Head } from '../../core/diagnosis/rules/heads.js';
import { askAsWorker, GENEROUS_BATCH, type Refusal } from './endpoint-questions.js';

/** How long one RPC endpoint may take, in ms: a person waits for the result, so a slower endpoint stays unchecked. */
const PATIENCE_MS = 3_000;

/** An endpoint of our chain. */
export interface RightEndpoint extends Head {
  readonly kind: 'right';
  /** Ask it more; every answer is checked to come from our chain. */
  readonly reads: ChainReads;
  /** The most calls that it takes in one post, when that is fewer than a worker likes to send; otherwise null. */
  readonly mostCalls: number | null;
  /** What a worker needs from it and does not get. */
  readonly refusals: readonly Refusal[];
}

/** `wrong`: it serves another chain, or another block where the ledger knows one. `silent`: it gave no usable answer. */
export type SeenEndpoint =
  | RightEndpoint
  | { readonly kind: 'wrong' | 'silent'; readonly name: string; readonly message: string };

interface Asker {
  /** The wallet to ask about. */
  readonly wallet: Address;
  /** The block by which the ledger knows its chain; null when it has none, or is not known. */
  readonly anchor: KnownBlock | null;
}

export function surveyEndpoints(
  chain: Config['chain'],
  asker: Asker,
): Promise<readonly SeenEndpoint[]> {
  return Promise.all(chain.rpcUrls.map((url) => askEndpoint(url, chain, asker)));
}

async function askEndpoint(
  url: string,
  { chainId, rpcTimeoutMs, confirmations }: Config['chain'],
  { wallet, anchor }: Asker,
): Promise<SeenEndpoint> {
  let headAtMs = 0;
  const endpoint = createRpcEndpoint({ url, timeoutMs: Math.min(rpcTimeoutMs, PATIENCE_MS) });
  const { name } = endpoint;
  const onShown = (atMs: number | null) => {
    headAtMs = atMs ?? headAtMs;
  };
  try {
    const reads = chainReadsOf(onOwnChain(endpoint, { chainId, anchor: () => anchor, onShown }));
    await reads.chainId();
    const refusals = await askAsWorker(reads, { wallet, confirmations });
    const most = endpoint.mostCalls();
    const mostCalls = most < GENEROUS_BATCH ? most : null;
    return { kind: 'right', name, headAtMs, reads, mostCalls, refusals };
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    const kind = error instanceof OtherChainError ? 'wrong' : 'silent';
    return { kind, name, message: error.message };
  }
}

/** Says how few calls an endpoint takes in one post. */
export function smallBatches({ name }: RightEndpoint, mostCalls: number): string {
  const limit = mostCalls === 1 ? 'no batches of calls' : `batches of ${mostCalls} calls at most`;
  return `${name} takes ${limit}: a worker asks in smaller ones, which are more requests`;
}

/** A made-up address, asked about in place of the wallet when its key could not be opened. */
export const NOBODY: Address = `0x${'00'.repeat(19)}01`;

/** Returns sentences about hosts that are named more than once, or about the only one. */
export function hostWarnings(rpcUrls: readonly string[]): readonly string[] {
  const hosts = rpcUrls.map(rpcHost);
  const twice = new Set(hosts.filter((one, index) => hosts.indexOf(one) !== index));
  const warnings = [...twice].map(
    (host) =>
      `chain.rpcUrls names ${host} more than once: two URLs of one host count as one endpoint, ` +
      'and the second is asked when the first fails',
  );
  if (new Set(hosts).size > 1) return warnings;
  const why = 'a transfer that fails waits for you to look, because nobody confirms what it says';
  return [...warnings, `chain.rpcUrls names one endpoint: ${why}; name three`];
}
