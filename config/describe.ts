/** What a configuration says, for logs and eyes: no secret in it, whatever a plugin calls it. */

import { formatEth, formatGwei } from '../core/base/money.js';
import type { Config } from './config.js';
import { formatDuration, formatShare } from './reading/quantity.js';

export interface ConfigDescription {
  readonly [key: string]: string | number | boolean | null | ConfigDescription | readonly unknown[];
}

/**
 * The configuration in the words of its file. URLs keep only their origin, because passwords and
 * API keys hide in user names, paths and queries; of a source's options only numbers, switches and
 * origins are shown.
 */
export function describeConfig(config: Config): ConfigDescription {
  const { pool, sentinel, chain, temporal, wallet, api, retention } = config;
  return {
    pool: {
      id: pool.id,
      name: pool.name,
      region: pool.region,
      commission: formatShare(pool.commissionBps),
      payoutThreshold: `${formatEth(pool.payoutThresholdWei)} ETH`,
      minPayoutInterval: formatDuration(pool.minPayoutIntervalMs),
      rounding: pool.rounding,
      termsFrom: pool.termsFrom?.toISOString() ?? null,
      payoutInterval: formatDuration(pool.payoutIntervalMs),
      payoutsEnabled: pool.payoutsEnabled,
      maxPayout: `${formatEth(pool.maxPayoutWei)} ETH`,
      maxPaidPerDay: `${formatEth(pool.maxPaidPerDayWei)} ETH`,
      maxOrderedPerDay: `${formatEth(pool.maxOrderedPerDayWei)} ETH`,
      maxGasShare: formatShare(pool.maxGasShareBps),
      maxJobFee: `${formatEth(pool.maxJobFeeWei)} ETH`,
      syncInterval: formatDuration(pool.syncIntervalMs),
      jobMatchWindow: formatDuration(pool.jobMatchWindowMs),
    },
    sources: config.sources.map((source) => ({
      id: source.id,
      kind: source.kind,
      ...(source.module === null ? {} : { module: source.module }),
      ...(source.of === undefined ? {} : { of: source.of }),
      region: source.region,
      nodeType: source.nodeType,
      from: source.from?.toISOString() ?? 'beginning',
      syncInterval: formatDuration(source.syncIntervalMs),
      options: describeOption(source.options),
    })),
    sentinel: {
      lag: formatDuration(sentinel.lagMs),
      silence: formatDuration(sentinel.silenceMs),
      zeroFeeShare: formatShare(sentinel.zeroFeeShareBps),
      unmatchedAge: formatDuration(sentinel.unmatchedAgeMs),
      priceJumpFactor: sentinel.priceJumpFactor,
      clockSkew: formatDuration(sentinel.clockSkewMs),
    },
    database: describeDatabase(config.database),
    retention: { keepMonths: retention.keepMonths, archiveDir: retention.archiveDir },
    temporal: {
      address: temporal.address,
      namespace: temporal.namespace,
      tls: temporal.connection.tls !== undefined && temporal.connection.tls !== false,
      apiKey: presence(temporal.connection.apiKey),
      uiUrl: temporal.uiUrl,
    },
    chain: {
      id: chain.chainId,
      rpcUrls: chain.rpcUrls.map(describeUrl),
      confirmations: chain.confirmations,
      finalityConfirmations: chain.finalityConfirmations,
      maxFeePerGas: `${formatGwei(chain.maxFeePerGasWei)} gwei`,
      maxPriorityFeePerGas: `${formatGwei(chain.maxPriorityFeePerGasWei)} gwei`,
      gasLimitCap: `${chain.gasLimitCap} gas`,
      pollInterval: formatDuration(chain.pollIntervalMs),
      bumpAfter: formatDuration(chain.bumpAfterMs),
      rpcTimeout: formatDuration(chain.rpcTimeoutMs),
      maxHeadAge: formatDuration(chain.maxHeadAgeMs),
      keepInWallet: `${formatEth(chain.keepInWalletWei)} ETH`,
      explorerUrl: chain.explorerUrl,
    },
    wallet: {
      ...describeSigner(wallet.signer),
      address: wallet.address,
      acceptedTransactions: wallet.acceptedTransactions,
    },
    api: {
      host: api.host,
      port: api.port,
      token: presence(api.token),
      showConnections: api.showConnections,
    },
    log: { level: config.log.level },
  };
}

function describeSigner(signer: Config['wallet']['signer']): ConfigDescription {
  if (signer.kind === 'keystore') {
    const { keystorePath, passphrasePath } = signer;
    return { signer: signer.kind, keystoreFile: keystorePath, passphraseFile: passphrasePath };
  }
  const { caPath, certPath, keyPath, tokenPath } = signer;
  return {
    signer: signer.kind,
    remote: {
      url: describeUrl(signer.url),
      caFile: caPath,
      certFile: certPath,
      keyFile: keyPath,
      tokenFile: tokenPath,
      timeout: formatDuration(signer.timeoutMs),
    },
  };
}

function describeDatabase(database: Config['database']): ConfigDescription {
  if ('url' in database) {
    const { hostname, port, pathname, searchParams } = new URL(database.url);
    const socketDir = searchParams.get('host');
    if (socketDir?.startsWith('/') === true) return { url: `socket in ${socketDir}${pathname}` };
    return { url: `postgres://${hostname}${port === '' ? '' : `:${port}`}${pathname}` };
  }
  return { embedded: { dir: database.embeddedDir, port: database.port } };
}

function describeOption(value: unknown): ConfigDescription | readonly unknown[] | string | number {
  if (Array.isArray(value)) return value.map(describeOption);
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return URL.canParse(value) ? describeUrl(value) : presence(value);
  if (value === null || typeof value !== 'object') return 'not set';
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, describeOption(inner)]),
  );
}

/** Only where it leads; `…` stands for what may hold a key. */
function describeUrl(url: string): string {
  const { protocol, host, pathname, search, username } = new URL(url);
  if (host === '') return 'set';
  const isWhole = pathname.length <= 1 && search === '' && username === '';
  return `${protocol}//${host}${isWhole ? '' : '/…'}`;
}

function presence(secret: unknown): 'set' | 'not set' {
  return secret === undefined || secret === null ? 'not set' : 'set';
}
