/** What a start would refuse, told without starting anything. */
import { stringify } from 'yaml';
import { toChecksum } from '../api/addresses.js';
import { ChainError } from '../chain/chain-error.js';
import { chainReadsOf } from '../chain/chain-reads.js';
import { createRpcEndpoint } from '../chain/rpc-client.js';
import { type ConfigDescription, describeConfig } from '../config/describe.js';
import { type Config, loadConfig } from '../config.js';
import type { Address } from '../domain/address.js';
import { PoolError } from '../domain/pool-error.js';
import { refuseSharedPlace } from '../domain/source-place.js';
import { createEventSource } from '../plugins/event-source/registry.js';
import type { Signer } from '../plugins/signer/signer.js';
import { openConfiguredSigner } from './wallet-start.js';

export interface CheckedConfig {
  readonly description: ConfigDescription;
  /** What a start would be refused for; none when it would go on. */
  readonly refusals: readonly PoolError[];
  /** What a start waits out, and what is allowed but hardly meant. */
  readonly warnings: readonly string[];
  /** All of it for people: the configuration as YAML, then the verdict. */
  readonly text: string;
}

/** A person waits: an endpoint that takes longer is left unchecked. */
const PATIENCE_MS = 3_000;

/**
 * Throws a ConfigError when the file itself is wrong. Sources, wallet, RPC endpoints and a remote signer
 * are looked at too; the database, Temporal and the orchestrators are not.
 */
export async function checkConfig(path: string): Promise<CheckedConfig> {
  const found = createFound();
  const onWarning = (words: string) => found.warnings.push(words);
  const config = await loadConfig(path, { needsWallet: true, onWarning });
  await checkSources(config, found);
  const signer = await found.tried(() => openConfiguredSigner(config));
  await Promise.all([checkChain(config, found), checkSigner(signer, found)]);
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
      ? 'nothing here would be refused; the database, Temporal and the orchestrators were not asked'
      : `a start would be refused, see above: ${refusals.map(({ code }) => code).join(', ')}`,
  ].join('\n');
}

interface Found {
  readonly refusals: PoolError[];
  readonly warnings: string[];
  /** Undefined when it throws; a PoolError is kept, final or not, as a start keeps it. */
  tried<T>(make: () => Promise<T> | T): Promise<T | undefined>;
}

function createFound(): Found {
  const refusals: PoolError[] = [];
  return {
    refusals,
    warnings: [],
    async tried(make) {
      try {
        return await make();
      } catch (error) {
        if (!(error instanceof PoolError)) throw error;
        refusals.push(error);
        return undefined;
      }
    },
  };
}

async function checkSources({ sources }: Config, found: Found): Promise<void> {
  const readers = new Map<string, string>();
  for (const { id, ...rest } of sources) {
    const source = await found.tried(() => createEventSource({ id, ...rest }));
    if (source === undefined) continue;
    const { readsFrom } = source;
    await found.tried(() => refuseSharedPlace({ id, readsFrom }, readers));
    readers.set(readsFrom, id);
  }
}

async function checkChain({ chain }: Config, found: Found): Promise<void> {
  const { chainId, rpcUrls } = chain;
  if (new Set(rpcUrls).size === 1) {
    const why = 'a transfer that fails waits for you to look, because nobody confirms what it says';
    found.warnings.push(`chain.rpcUrls names one endpoint: ${why}; name three`);
  }
  const timeoutMs = Math.min(chain.rpcTimeoutMs, PATIENCE_MS);
  await Promise.all(
    rpcUrls.map(async (url) => {
      const endpoint = createRpcEndpoint({ url, timeoutMs });
      try {
        const served = await chainReadsOf(endpoint).chainId();
        if (served === chainId) return;
        const words = `${endpoint.name} serves chain ${served}, the configuration says ${chainId}`;
        found.refusals.push(new PoolError('CHAIN_ID_WRONG', words, { endpoint: endpoint.name }));
      } catch (error) {
        if (!(error instanceof ChainError)) throw error;
        found.warnings.push(`RPC endpoint not reachable, its chain not checked: ${error.message}`);
      }
    }),
  );
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
