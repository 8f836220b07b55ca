/** Opens the configured endpoints, one per host. Each knows whether it answers, shows another chain, or lags. */
import { ChainError, namedBy, OtherChainError } from './endpoint-error.js';
import { type ChainReads, chainReadsOf } from './node-reads.js';
import { type OwnChain, onOwnChain } from './own-chain.js';
import { rpcHost } from './rpc/rpc-address.js';
import { createRpcEndpoint, type RpcEndpoint } from './rpc/rpc-client.js';

/** One URL of a host. */
interface Path extends RpcEndpoint {
  readonly reads: ChainReads;
  /** Whether its last answer came from our chain. */
  isOurs: boolean;
}

export type Endpoint = ReturnType<typeof openEndpoint>;

export interface EndpointOptions {
  readonly rpcUrls: readonly string[];
  readonly timeoutMs: number;
  readonly own: Omit<OwnChain, 'onShown'>;
  /** Called now and then with a message about an endpoint that shows another chain or lags. */
  readonly onFault: (words: string) => void;
}

/** An endpoint that failed is asked last for this long. */
const COOL_DOWN_MS = 2_000;
const TOLD_AGAIN_AFTER_MS = 10 * 60_000;

class LaggingError extends ChainError {}

/** Groups the URLs by host: two URLs of one host count as one endpoint, because they fail and lie together. */
export function openEndpoints(options: EndpointOptions): readonly Endpoint[] {
  const byHost = new Map<string, string[]>();
  for (const url of options.rpcUrls) {
    const host = rpcHost(url);
    byHost.set(host, [...(byHost.get(host) ?? []), url]);
  }
  return [...byHost.values()].map((urls) => openEndpoint(urls, options));
}

function openEndpoint(urls: readonly string[], options: EndpointOptions) {
  let downUntil = 0;
  let fault: ChainError | null = null;
  let headAtMs: number | null = null;
  let usableAt = performance.now();
  let toldAt = Number.NEGATIVE_INFINITY;
  const paths = urls.map((url) => {
    const { own, timeoutMs } = options;
    const onShown = (shownMs: number | null) => {
      path.isOurs = true;
      headAtMs = shownMs ?? headAtMs;
    };
    const endpoint = onOwnChain(createRpcEndpoint({ url, timeoutMs }), { ...own, onShown });
    const path: Path = { ...endpoint, reads: chainReadsOf(endpoint), isOurs: false };
    return path;
  });
  const noteFault = (error: ChainError) => {
    fault = error;
    const now = performance.now();
    downUntil = now + COOL_DOWN_MS;
    const isGrave = error instanceof OtherChainError || error instanceof LaggingError;
    if (!isGrave || now - toldAt < TOLD_AGAIN_AFTER_MS) return;
    toldAt = now;
    options.onFault(error.message);
  };
  return {
    name: paths[0]?.name ?? '',
    isDown: () => performance.now() < downUntil,
    /** What was wrong with its last answer; null when it was usable. */
    fault: () => fault,
    /** How long it has given no usable answer, and why; 0 when its last one was usable. */
    silence: () => ({
      silentMs: fault === null ? 0 : Math.round(performance.now() - usableAt),
      why: fault?.message ?? '',
    }),
    /** The timestamp of the newest block that it has shown; null until it has shown one. */
    headAtMs: () => headAtMs,
    noteFault,
    /** Uses the first of its URLs that answers; throws a ChainError, which names it, when none does. */
    async ask<T>(use: (path: Path) => Promise<T>): Promise<T> {
      let last = new ChainError('unreachable', 'the endpoint has no URL');
      for (const path of paths) {
        try {
          const value = await use(path);
          fault = null;
          usableAt = performance.now();
          return value;
        } catch (error) {
          // Anything else is a mistake in our own code and goes up as it is.
          if (!(error instanceof ChainError)) throw error;
          if (error instanceof OtherChainError) path.isOurs = false;
          last = namedBy(path.name, error);
        }
      }
      noteFault(last);
      throw last;
    },
  };
}

/**
 * Returns why an endpoint's answer is too old to count: another endpoint has shown a much newer head. Null when it counts.
 * This machine's clock plays no part, because it may be wrong. When all endpoints are equally old, the chain itself has
 * stopped, and nothing can be decided wrongly.
 */
export function lagOf(
  endpoint: Endpoint,
  all: readonly Endpoint[],
  maxHeadAgeMs: number,
): ChainError | null {
  const own = endpoint.headAtMs();
  if (own === null) return null;
  for (const other of all) {
    const behindMs = (other.headAtMs() ?? own) - own;
    if (behindMs <= maxHeadAgeMs) continue;
    const words = `${endpoint.name} is ${Math.round(behindMs / 60_000)} minutes behind ${other.name}`;
    return new LaggingError('garbled', `${words}: its answers are too old`);
  }
  return null;
}
