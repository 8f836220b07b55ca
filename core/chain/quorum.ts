import type { Address } from '../base/address.js';
import { ChainError, namedBy, saysReverted, saysUnaffordable } from './endpoint-error.js';
import { type Endpoint, lagOf, openEndpoints } from './endpoints.js';
import { readHash } from './node-answers.js';
import type { ChainReads, TransferRequest } from './node-reads.js';
import type { KnownBlock } from './own-chain.js';
import { isRefusal, refusalIn } from './rules/broadcast-answer.js';
import type { ChainConfig } from './settings.js';

export interface EndpointAnswer<T> {
  readonly endpoint: string;
  readonly value: T;
}

/** An endpoint's answer, or why it gave none that counts. */
export type EndpointOutcome<T> =
  | EndpointAnswer<T>
  | { readonly endpoint: string; readonly error: ChainError };

export type Agreement<T> =
  | { readonly agreed: true; readonly value: T }
  | { readonly agreed: false; readonly reason: string };

/**
 * All configured endpoints as one chain. Plain reads take the first endpoint that answers. An endpoint that shows another
 * chain than ours, or lags far behind another, counts as one that failed.
 */
export type ChainClient = ReturnType<typeof createChainClient>;

type Read<T> = (reads: ChainReads) => Promise<T>;

type ClientConfig = Pick<ChainConfig, 'chainId' | 'rpcUrls' | 'rpcTimeoutMs' | 'maxHeadAgeMs'>;

/** Opens the client; nothing is asked yet. */
export function createChainClient(
  config: ClientConfig,
  options: {
    /** A block of the ledger's own chain; null until one is known. */
    readonly anchor?: KnownBlock | null;
    /** Called now and then with a message about an endpoint that shows another chain or lags. */
    readonly onFault?: (words: string) => void;
  } = {},
) {
  let anchor = options.anchor ?? null;
  const endpoints = openEndpoints({
    rpcUrls: config.rpcUrls,
    timeoutMs: config.rpcTimeoutMs,
    own: { chainId: config.chainId, anchor: () => anchor },
    onFault: options.onFault ?? (() => undefined),
  });
  const quorum = Math.min(2, endpoints.length);
  const circle: Circle = { endpoints, maxHeadAgeMs: config.maxHeadAgeMs };
  const faults = () => endpoints.flatMap((endpoint) => endpoint.fault()?.message ?? []);
  const first = <T>(read: Read<T>) => askInTurn(circle, read);
  const everyEndpoint = async <T>(read: Read<T>) =>
    answersIn(await askAll(circle, healthyOf(endpoints), read));
  return {
    /** How many hosts are configured: two URLs of one host count once. */
    endpoints: endpoints.length,
    /** How many must say the same before anything irreversible is done: two, or one if only one is configured. */
    quorum,
    /** Requires that every endpoint shows this block in every post from now on. */
    bindTo(block: KnownBlock): void {
      anchor = block;
    },
    /** Messages about what was wrong with the endpoints' last answers. */
    faults,
    /** How long each endpoint has given no usable answer, and why. */
    silences: () => endpoints.map((endpoint) => ({ name: endpoint.name, ...endpoint.silence() })),
    first,
    walletView: (wallet: Address) => first((reads) => reads.walletView(wallet)),
    estimateGas: (transfers: readonly TransferRequest[]) => estimateInTurn(circle, transfers),
    /** Asks every endpoint that is not known to be down; throws when none answers. */
    everyEndpoint,
    /** Asks every endpoint, also those that are known to be down. A missing answer is part of the result. */
    survey: <T>(read: Read<T>) => askAll(circle, endpoints, read),
    /** Asks like `everyEndpoint`, and returns the answer on which a quorum of the endpoints agrees. */
    async agreed<T>(read: Read<T>): Promise<Agreement<T>> {
      const agreement = findAgreement(await everyEndpoint(read), quorum);
      const trouble = faults();
      if (agreement.agreed || trouble.length === 0) return agreement;
      return { agreed: false, reason: `${agreement.reason} (${trouble.join('; ')})` };
    },
    /**
     * Offers signed bytes in order, but never to an endpoint whose last answer came from another chain. Returns what the
     * endpoints said, for the record: only the chain shows whether the transactions were taken.
     */
    sendRaw: (raws: readonly Uint8Array[], how: { readonly everywhere?: boolean } = {}) =>
      sendRaw(endpoints, raws, how.everywhere === true),
  };
}

interface Circle {
  readonly endpoints: readonly Endpoint[];
  readonly maxHeadAgeMs: number;
}

/** Orders the endpoints: first those that answer, then those that are known to be down. */
function inTurn(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const healthy = healthyOf(endpoints);
  return [...healthy, ...endpoints.filter((endpoint) => !healthy.includes(endpoint))];
}

/** Returns the endpoints that are not known to be down, or all of them when that leaves none. */
function healthyOf(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const healthy = endpoints.filter((endpoint) => !endpoint.isDown());
  return healthy.length > 0 ? healthy : endpoints;
}

async function askInTurn<T>(circle: Circle, read: Read<T>): Promise<T> {
  let last = noEndpoint();
  for (const endpoint of inTurn(circle.endpoints)) {
    for (const outcome of await askAll(circle, [endpoint], read)) {
      if ('value' in outcome) return outcome.value;
      last = outcome.error;
    }
  }
  throw last;
}

/**
 * Estimates the gas of each transfer with the first endpoint that can. Where none can, the most telling error is kept: that it
 * reverts, then that the wallet cannot afford it.
 */
async function estimateInTurn(
  circle: Circle,
  transfers: readonly TransferRequest[],
): Promise<readonly (bigint | ChainError)[]> {
  const known: (bigint | ChainError)[] = [];
  let last = noEndpoint();
  for (const endpoint of inTurn(circle.endpoints)) {
    const open = transfers.flatMap((_, at) => (typeof known[at] === 'bigint' ? [] : [at]));
    if (open.length === 0) break;
    const asked = open.flatMap((at) => transfers[at] ?? []);
    for (const outcome of await askAll(circle, [endpoint], (reads) => reads.estimateGas(asked))) {
      if ('error' in outcome) last = outcome.error;
      else {
        for (const [index, at] of open.entries()) {
          known[at] = better(known[at], outcome.value[index] ?? noEndpoint(), endpoint.name);
        }
      }
    }
  }
  if (known.length === 0 && transfers.length > 0) throw last;
  return transfers.map((_, at) => known[at] ?? last);
}

function better(
  known: bigint | ChainError | undefined,
  told: bigint | ChainError,
  name: string,
): bigint | ChainError {
  if (typeof told === 'bigint') return told;
  const named = namedBy(name, told);
  const rank = (one: ChainError) => (saysReverted(one) ? 2 : saysUnaffordable(one) ? 1 : 0);
  return known instanceof ChainError && rank(known) > rank(told) ? known : named;
}

async function askAll<T>(
  { endpoints, maxHeadAgeMs }: Circle,
  asked: readonly Endpoint[],
  read: Read<T>,
): Promise<readonly EndpointOutcome<T>[]> {
  const outcomes = await Promise.all(
    asked.map(async (endpoint) => {
      try {
        return { endpoint, value: await endpoint.ask((path) => read(path.reads)) };
      } catch (error) {
        if (!(error instanceof ChainError)) throw error;
        return { endpoint, error };
      }
    }),
  );
  // Lag can be judged only now that every head is known: the first to answer may be the one that lags.
  return outcomes.map(({ endpoint, ...outcome }) => {
    const lag = 'error' in outcome ? null : lagOf(endpoint, endpoints, maxHeadAgeMs);
    if (lag === null) return { ...outcome, endpoint: endpoint.name };
    endpoint.noteFault(lag);
    return { endpoint: endpoint.name, error: lag };
  });
}

function answersIn<T>(outcomes: readonly EndpointOutcome<T>[]): readonly EndpointAnswer<T>[] {
  const answers = outcomes.filter((outcome) => 'value' in outcome);
  if (answers.length > 0) return answers;
  throw (
    outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.error] : [])).at(-1) ??
    noEndpoint()
  );
}

function noEndpoint(): ChainError {
  return new ChainError('unreachable', 'no RPC endpoint is configured');
}

/** Returns the answer that most endpoints give, if they are at least a quorum and no other group is as large. */
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
  endpoints: readonly Endpoint[],
  raws: readonly Uint8Array[],
  everywhere: boolean,
): Promise<readonly string[]> {
  const calls = raws.map((raw) => ({
    method: 'eth_sendRawTransaction',
    params: [`0x${Buffer.from(raw).toString('hex')}`],
  }));
  const said: string[] = [];
  for (const endpoint of everywhere ? endpoints : healthyOf(endpoints)) {
    try {
      const answers = await endpoint.ask(async (path) => {
        // An endpoint must have shown its chain before it gets anything signed.
        if (!path.isOurs) await path.reads.chainId();
        return path.batch(calls);
      });
      for (const [index, answer] of answers.entries()) {
        const words = answer.ok
          ? `accepted ${readHash(answer.result, 'transaction hash')}`
          : `${endpoint.name} refused it: ${answer.error.message}`;
        said[index] = worthMore(said[index], words);
      }
      if (!everywhere) break;
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      for (const index of raws.keys()) said[index] = worthMore(said[index], error.message);
    }
  }
  return raws.map((_, index) => said[index] ?? noEndpoint().message);
}

/** Chooses the more telling of two answers to the same bytes: taken, then already there, then why they were refused. */
function worthMore(before: string | undefined, words: string): string {
  if (before === undefined) return words;
  const rank = (said: string) =>
    said.startsWith('accepted ') ? 3 : refusalIn(said) !== null ? 1 : isRefusal(said) ? 2 : 0;
  return rank(words) >= rank(before) ? words : before;
}
