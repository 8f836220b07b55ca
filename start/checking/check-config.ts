/** `openpool config check`: reports what a start would refuse, without starting anything. */
import { stringify } from 'yaml';
import { type Config, loadConfig } from '../../config/config.js';
import { type ConfigDescription, describeConfig } from '../../config/describe.js';
import type { ConfigWarning } from '../../config/reading/problem.js';
import { formatDuration } from '../../config/reading/quantity.js';
import { openConfiguredSigner } from '../../config/sections/wallet.js';
import type { Address } from '../../core/base/address.js';
import { counted } from '../../core/base/counted.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { toChecksum } from '../../core/chain/checksums.js';
import { ChainError, OtherChainError } from '../../core/chain/endpoint-error.js';
import { chainReadsOf } from '../../core/chain/node-reads.js';
import { onOwnChain } from '../../core/chain/own-chain.js';
import { rpcHost } from '../../core/chain/rpc/rpc-address.js';
import { createRpcEndpoint } from '../../core/chain/rpc/rpc-client.js';
import type { Signer } from '../../core/chain/signer/signer.js';
import { refuseSharedPlace } from '../../core/events/rules/source-place.js';
import { createEventSource } from '../../core/events/sources/registry.js';
import { createNotifier } from '../../core/notices/notifiers/registry.js';
import { checkSurroundings, checkTemporal, Found } from './check-surroundings.js';
import { askAsWorker, GENEROUS_BATCH } from './endpoint-questions.js';

/** Matches the placeholder hosts of pools/openpool.yaml. Nobody can own these names (RFC 2606). */
const EXAMPLE = /[/.@]example\.(?:com|net|org)(?![\w.-])/;

/** How long one RPC endpoint may take, in ms: a person waits for the result, so a slower endpoint stays unchecked. */
const PATIENCE_MS = 3_000;

/**
 * Checks a configuration, and throws a ConfigError when the file itself is wrong. Also tries the sources, the wallet,
 * the RPC endpoints, a remote signer, Postgres, Temporal, the directories and the API's port. It sends no request to an
 * orchestrator. Returns what it found and the output for people: the configuration as YAML, then the verdict.
 */
export async function checkConfig(path: string) {
  const found = new Found();
  const onWarning = ({ words }: ConfigWarning) => found.warnings.push(words);
  const config = await loadConfig(path, { needsWallet: true, onWarning });
  await checkSources(config, found);
  for (const target of config.notices.targets) await found.tried(() => createNotifier(target));
  const signer = await found.tried(() => openConfiguredSigner(config.wallet));
  await Promise.all([
    checkChain(config, signer?.address ?? NOBODY, found),
    checkSigner(signer, found),
    checkSurroundings(config, found),
    checkTemporal(config, found),
  ]);
  const described = describeConfig(config);
  const spelled = (one: Address | null | undefined) => (one ? toChecksum(one) : null);
  const wallet = {
    ...(described['wallet'] as ConfigDescription),
    address: spelled(config.wallet.address),
  };
  const description = { ...described, wallet, walletAddress: spelled(signer?.address) };
  const { refusals, warnings } = found;
  const text = `${stringify(description)}\n${verdict(refusals, warnings)}`;
  return { description, refusals, warnings, text };
}

function verdict(refusals: readonly PoolError[], warnings: readonly string[]): string {
  return [
    ...warnings.map((warning) => `warning: ${warning}`),
    ...refusals.map(({ code, message, help }) => `${code}: ${message}\n${help}`),
    refusals.length === 0
      ? notRefused(warnings.length)
      : `a start would be refused, see above: ${refusals.map(({ code }) => code).join(', ')}`,
  ].join('\n');
}

function notRefused(warnings: number): string {
  const asked = 'the orchestrators were not asked';
  if (warnings === 0) return `nothing here would be refused; ${asked}`;
  const what = `${counted(warnings, 'warning')} above ${warnings === 1 ? 'says' : 'say'} what would not work as it should`;
  return `a start would not be refused, but ${what}; ${asked}`;
}

async function checkSources({ sources }: Config, found: Found): Promise<void> {
  const readers = new Map<string, string>();
  for (const { id, ...rest } of sources) {
    const source = await found.tried(() => createEventSource({ id, ...rest }));
    if (source === undefined) continue;
    const { readsFrom } = source;
    if (EXAMPLE.test(readsFrom)) {
      const why = 'an address that stands for another one: nobody answers there';
      found.warnings.push(`source "${id}" reads ${readsFrom}, ${why}`);
    }
    await found.tried(() => refuseSharedPlace({ id, readsFrom }, readers));
    readers.set(readsFrom, id);
  }
}

/** Asks the endpoints whatever a worker would ask them, except for the blocks that a ledger remembers. */
async function checkChain({ chain }: Config, wallet: Address, found: Found): Promise<void> {
  const { rpcUrls } = chain;
  const hosts = rpcUrls.map(rpcHost);
  for (const host of new Set(hosts.filter((one, index) => hosts.indexOf(one) !== index))) {
    const why =
      'two URLs of one host count as one endpoint, and the second is asked when the first fails';
    found.warnings.push(`chain.rpcUrls names ${host} more than once: ${why}`);
  }
  if (new Set(hosts).size === 1) {
    const why = 'a transfer that fails waits for you to look, because nobody confirms what it says';
    found.warnings.push(`chain.rpcUrls names one endpoint: ${why}; name three`);
  }
  const seen = await Promise.all(rpcUrls.map((url) => askEndpoint(url, chain, wallet)));
  const right = seen.filter((one) => one.kind === 'right');
  for (const one of seen) {
    if (one.kind === 'silent') {
      found.warnings.push(`RPC endpoint not reachable, its chain not checked: ${one.message}`);
    } else if (one.kind === 'wrong' && right.length > 0) {
      found.warnings.push(`${one.message}: a worker counts no answer of it`);
    } else if (one.kind === 'wrong') {
      found.refusals.push(new PoolError('CHAIN_ID_WRONG', one.message, { endpoint: one.name }));
    }
  }
  found.warnings.push(...right.flatMap(({ refusals }) => refusals));
  tellAges(right, chain.maxHeadAgeMs, found);
}

interface RightEndpoint {
  readonly kind: 'right';
  readonly name: string;
  readonly headAtMs: number;
  /** What a worker needs from this endpoint and does not get, as sentences. */
  readonly refusals: readonly string[];
}

type SeenEndpoint =
  | RightEndpoint
  | { readonly kind: 'wrong' | 'silent'; readonly name: string; readonly message: string };

async function askEndpoint(
  url: string,
  { chainId, rpcTimeoutMs, confirmations }: Config['chain'],
  wallet: Address,
): Promise<SeenEndpoint> {
  let headAtMs = 0;
  const endpoint = createRpcEndpoint({ url, timeoutMs: Math.min(rpcTimeoutMs, PATIENCE_MS) });
  const { name } = endpoint;
  const onShown = (atMs: number | null) => {
    headAtMs = atMs ?? headAtMs;
  };
  try {
    const reads = chainReadsOf(onOwnChain(endpoint, { chainId, anchor: () => null, onShown }));
    await reads.chainId();
    const refusals = await askAsWorker(reads, { wallet, confirmations });
    if (endpoint.mostCalls() < GENEROUS_BATCH) {
      const most = endpoint.mostCalls();
      const limit = most === 1 ? 'no batches of calls' : `batches of ${most} calls at most`;
      refusals.push(`takes ${limit}: a worker asks in smaller ones, which are more requests`);
    }
    return { kind: 'right', name, headAtMs, refusals: refusals.map((why) => `${name} ${why}`) };
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    const kind = error instanceof OtherChainError ? 'wrong' : 'silent';
    return { kind, name, message: error.message };
  }
}

/** A made-up address, asked about in place of the wallet when its key could not be opened. */
const NOBODY: Address = `0x${'00'.repeat(19)}01`;

function tellAges(heads: readonly RightEndpoint[], maxHeadAgeMs: number, found: Found): void {
  const newestMs = Math.max(...heads.map(({ headAtMs }) => headAtMs));
  for (const { name, headAtMs } of heads) {
    if (newestMs - headAtMs <= maxHeadAgeMs) continue;
    const age = formatDuration(Math.round((newestMs - headAtMs) / 60_000) * 60_000);
    found.warnings.push(
      `${name} is ${age} behind the newest block: a worker counts no answer of it`,
    );
  }
  const ageMs = Date.now() - newestMs;
  if (heads.length === 0 || Math.abs(ageMs) <= maxHeadAgeMs) return;
  const off = formatDuration(Math.round(Math.abs(ageMs) / 60_000) * 60_000);
  const way = ageMs > 0 ? 'behind' : 'ahead of';
  const words = `the newest block is ${off} ${way} this machine's clock`;
  found.warnings.push(`${words}: the chain stands, or the clock is wrong`);
}

async function checkSigner(signer: Signer | undefined, found: Found): Promise<void> {
  try {
    await signer?.check?.();
  } catch (error) {
    if (!(error instanceof PoolError)) throw error;
    if (error.final) found.refusals.push(error);
    else found.warnings.push(`${error.code}: ${error.message}; payouts would wait for it`);
  }
}
