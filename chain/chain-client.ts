import { readHash } from './chain-answers.js';
import type { ChainConfig } from './chain-config.js';
import { ChainError } from './chain-error.js';
import { type ChainReads, chainReadsOf } from './chain-reads.js';
import { createRpcEndpoint, type RpcEndpoint } from './rpc-client.js';

export interface EndpointAnswer<T> {
  readonly endpoint: string;
  readonly value: T;
}

export type Agreement<T> =
  | { readonly agreed: true; readonly value: T }
  | { readonly agreed: false; readonly reason: string };

/** All configured endpoints as one chain. Plain reads take the first endpoint that answers. */
export interface ChainClient extends ChainReads {
  readonly endpoints: number;
  /** How many endpoints must say the same before something irreversible: two, or the only one. */
  readonly quorum: number;
  /** Asks every endpoint that is not known to be down; throws when none answers. */
  everyEndpoint<T>(read: (reads: ChainReads) => Promise<T>): Promise<readonly EndpointAnswer<T>[]>;
  /** The answer that a quorum of endpoints gives alike. */
  agreed<T>(read: (reads: ChainReads) => Promise<T>): Promise<Agreement<T>>;
  /**
   * Offers signed bytes in order. What comes back is what was said, for the record; whether the
   * transactions were taken can only be seen on the chain.
   */
  sendRaw(
    raws: readonly Uint8Array[],
    options?: { readonly everywhere?: boolean },
  ): Promise<readonly string[]>;
}

/** An endpoint that failed is asked last for so long. */
const COOL_DOWN_MS = 2_000;

/** Opens the client; nothing is asked yet. */
export function createChainClient(
  config: Pick<ChainConfig, 'rpcUrls' | 'rpcTimeoutMs'>,
): ChainClient {
  const endpoints = config.rpcUrls.map((url) =>
    watchHealth(createRpcEndpoint({ url, timeoutMs: config.rpcTimeoutMs })),
  );
  const quorum = Math.min(2, endpoints.length);
  const everyEndpoint = <T>(read: (reads: ChainReads) => Promise<T>) =>
    askEvery(healthyFirst(endpoints), read);
  const first = <T>(read: (reads: ChainReads) => Promise<T>) => askInTurn(endpoints, read);
  return {
    endpoints: endpoints.length,
    quorum,
    everyEndpoint,
    agreed: async (read) => findAgreement(await everyEndpoint(read), quorum),
    sendRaw: (raws, options) => sendRaw(endpoints, raws, options?.everywhere === true),
    chainId: () => first((reads) => reads.chainId()),
    walletView: (wallet) => first((reads) => reads.walletView(wallet)),
    nonceAt: (wallet, blockNumber) => first((reads) => reads.nonceAt(wallet, blockNumber)),
    headers: (numbers) => first((reads) => reads.headers(numbers)),
    receipts: (hashes) => first((reads) => reads.receipts(hashes)),
    transactions: (hashes) => first((reads) => reads.transactions(hashes)),
    noncesAt: (wallet, blocks) => first((reads) => reads.noncesAt(wallet, blocks)),
    balanceAt: (wallet, block) => first((reads) => reads.balanceAt(wallet, block)),
    sentIn: (wallet, blocks) => first((reads) => reads.sentIn(wallet, blocks)),
    estimateGas: (transfers) => first((reads) => reads.estimateGas(transfers)),
  };
}

interface WatchedEndpoint extends RpcEndpoint {
  readonly reads: ChainReads;
  isDown(): boolean;
  noteFailure(): void;
}

function watchHealth(endpoint: RpcEndpoint): WatchedEndpoint {
  let downUntil = 0;
  return {
    ...endpoint,
    reads: chainReadsOf(endpoint),
    isDown: () => performance.now() < downUntil,
    noteFailure: () => {
      downUntil = performance.now() + COOL_DOWN_MS;
    },
  };
}

function healthyFirst(endpoints: readonly WatchedEndpoint[]): readonly WatchedEndpoint[] {
  const healthy = endpoints.filter((endpoint) => !endpoint.isDown());
  return healthy.length > 0 ? healthy : endpoints;
}

async function askInTurn<T>(
  endpoints: readonly WatchedEndpoint[],
  read: (reads: ChainReads) => Promise<T>,
): Promise<T> {
  const healthy = healthyFirst(endpoints);
  const turn = [...healthy, ...endpoints.filter((endpoint) => !healthy.includes(endpoint))];
  let last = new ChainError('unreachable', 'no RPC endpoint is configured');
  for (const endpoint of turn) {
    try {
      return await read(endpoint.reads);
    } catch (error) {
      last = noted(endpoint, error);
    }
  }
  throw last;
}

async function askEvery<T>(
  endpoints: readonly WatchedEndpoint[],
  read: (reads: ChainReads) => Promise<T>,
): Promise<readonly EndpointAnswer<T>[]> {
  const answers: EndpointAnswer<T>[] = [];
  let last = new ChainError('unreachable', 'no RPC endpoint is configured');
  const asked = endpoints.map(async (endpoint) => {
    try {
      answers.push({ endpoint: endpoint.name, value: await read(endpoint.reads) });
    } catch (error) {
      last = noted(endpoint, error);
    }
  });
  await Promise.all(asked);
  if (answers.length === 0) throw last;
  return answers;
}

/** Anything but a ChainError is a mistake in our own code and goes up as it is. */
function noted(endpoint: WatchedEndpoint, error: unknown): ChainError {
  if (!(error instanceof ChainError)) throw error;
  endpoint.noteFailure();
  return error;
}

/** The value that most endpoints give alike, when they are at least a quorum and no other group is as large. */
export function findAgreement<T>(
  answers: readonly EndpointAnswer<T>[],
  quorum: number,
): Agreement<T> {
  const groups = new Map<string, EndpointAnswer<T>[]>();
  for (const answer of answers) {
    const key = canonical(answer.value);
    groups.set(key, [...(groups.get(key) ?? []), answer]);
  }
  const [largest, second] = [...groups.values()].sort((a, b) => b.length - a.length);
  const winner = largest?.[0];
  if (winner === undefined || largest === undefined || largest.length < quorum) {
    const names = answers.map((answer) => answer.endpoint).join(', ');
    const reason = `${quorum} endpoints must give the same answer, and among ${names} they do not`;
    return { agreed: false, reason };
  }
  if (second?.length === largest.length) {
    return { agreed: false, reason: 'the endpoints are of two minds' };
  }
  return { agreed: true, value: winner.value };
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return part.toString();
    return part instanceof Map ? [...part].sort() : part;
  });
}

async function sendRaw(
  endpoints: readonly WatchedEndpoint[],
  raws: readonly Uint8Array[],
  everywhere: boolean,
): Promise<readonly string[]> {
  const calls = raws.map((raw) => ({
    method: 'eth_sendRawTransaction',
    params: [`0x${Buffer.from(raw).toString('hex')}`],
  }));
  let answers: readonly string[] = raws.map(() => 'no RPC endpoint is configured');
  for (const endpoint of everywhere ? endpoints : healthyFirst(endpoints)) {
    try {
      answers = (await endpoint.batch(calls)).map((answer) =>
        answer.ok
          ? `accepted ${readHash(answer.result, 'transaction hash')}`
          : answer.error.message,
      );
      if (!everywhere) return answers;
    } catch (error) {
      const { message } = noted(endpoint, error);
      answers = raws.map(() => message);
    }
  }
  return answers;
}
