import type { ChainConfig } from '../chain/chain-config.js';
import type { ConfigDocument } from './document.js';
import type { NamedFiles } from './files.js';
import { type ConfigValues, isWebUrl } from './schema.js';

interface Reading {
  readonly values: ConfigValues['chain'];
  readonly document: ConfigDocument;
  readonly files: NamedFiles;
}

export async function buildChain(reading: Reading): Promise<ChainConfig> {
  const { values: chain, document, files } = reading;
  const fromFile = await files.readSecret(['chain', 'rpcUrlsFile'], chain.rpcUrlsFile);
  const listed = fromFile?.split('\n').map((line) => line.trim());
  const rpcUrls = [...(chain.rpcUrls ?? []), ...(listed ?? []).filter((line) => line !== '')];
  if (!rpcUrls.every(isWebUrl)) {
    const message = 'the file must hold one http:// or https:// URL a line';
    files.note(document.problem('CONFIG_VALUE', ['chain', 'rpcUrlsFile'], message));
  }
  if (chain.rpcUrls === undefined && chain.rpcUrlsFile === undefined) {
    const message = 'say where the chain is: rpcUrls or rpcUrlsFile';
    files.note(document.problem('CONFIG_MISSING_KEY', ['chain'], message));
  }
  return {
    chainId: chain.id,
    rpcUrls,
    confirmations: chain.confirmations,
    finalityConfirmations: chain.finalityConfirmations,
    maxFeePerGasWei: chain.maxFeePerGas,
    maxPriorityFeePerGasWei: chain.maxPriorityFeePerGas,
    gasLimitCap: chain.gasLimitCap,
    pollIntervalMs: chain.pollInterval,
    bumpAfterMs: chain.bumpAfter,
    rpcTimeoutMs: chain.rpcTimeout,
    keepInWalletWei: chain.keepInWallet,
    explorerUrl: chain.explorerUrl?.replace(/\/+$/, '') ?? null,
  };
}
