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
import type { Signer } from '../../core/chain/signer/signer.js';
import { type Head, laggingHeads, newestHeadMs } from '../../core/diagnosis/rules/heads.js';
import { createNotifier } from '../../core/notices/notifiers/registry.js';
import { checkSurroundings, checkTemporal, Found } from './check-surroundings.js';
import { hostWarnings, NOBODY, smallBatches, surveyEndpoints } from './endpoint-survey.js';
import { makeSources } from './source-places.js';

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
  // Beside another manager a start opens no wallet.
  const isShadow = config.shadow !== null;
  const signer = isShadow
    ? undefined
    : await found.tried(() => openConfiguredSigner(config.wallet));
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
  for (const { refusals, example } of await makeSources(sources)) {
    if (example !== null) found.warnings.push(example);
    found.refusals.push(...refusals);
  }
}

/** Asks the endpoints whatever a worker would ask them, except for the blocks that a ledger remembers. */
async function checkChain({ chain }: Config, wallet: Address, found: Found): Promise<void> {
  found.warnings.push(...hostWarnings(chain.rpcUrls));
  const seen = await surveyEndpoints(chain, { wallet, anchor: null });
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
  for (const one of right) {
    found.warnings.push(...one.refusals.map(({ words }) => `${one.name} ${words}`));
    if (one.mostCalls !== null) found.warnings.push(smallBatches(one, one.mostCalls));
  }
  tellAges(right, chain.maxHeadAgeMs, found);
}

function tellAges(heads: readonly Head[], maxHeadAgeMs: number, found: Found): void {
  for (const { name, behindMs } of laggingHeads(heads, maxHeadAgeMs)) {
    const age = formatDuration(Math.round(behindMs / 60_000) * 60_000);
    found.warnings.push(
      `${name} is ${age} behind the newest block: a worker counts no answer of it`,
    );
  }
  const newestMs = newestHeadMs(heads);
  if (newestMs === null) return;
  const ageMs = Date.now() - newestMs;
  if (Math.abs(ageMs) <= maxHeadAgeMs) return;
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
