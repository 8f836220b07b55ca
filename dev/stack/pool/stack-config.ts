import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encryptKeystoreJsonSync, Wallet } from 'ethers';
import { stringify } from 'yaml';
import type { PoolFile } from './pool-file.js';

/** The intervals of the pool, which are shorter on a local stack. */
export interface StackPace {
  readonly syncInterval: string;
  readonly payoutInterval: string;
  readonly minPayoutInterval: string;
  /** @default the threshold of the pool's file, or that of the demo */
  readonly payoutThreshold?: string;
}

export interface StackSource {
  readonly id: string;
  readonly region: string;
  readonly nodeType: 'ai' | 'transcode';
  readonly endpoint: string;
}

export interface StackConfig {
  /** Whose terms the pool has; undefined: those of the demo. */
  readonly pool: PoolFile | undefined;
  readonly pace: StackPace;
  readonly sources: readonly StackSource[];
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalUiUrl: string | undefined;
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly apiPort: number;
  /** The section `guard`. @default off */
  readonly guard?: Readonly<Record<string, unknown>> | undefined;
}

/** The id of every pool that is made here without a pool's file: for the demo, the benches and chaos. */
export const LOCAL_POOL_ID = 'demo';
export const COMMISSION_BPS = 2_500;

/** Limits that nothing reaches. Simulated jobs earn hundreds of ether, and gas is expensive on a busy local chain. */
const WIDE = {
  maxPayout: '1000000 ETH',
  maxPaidPerDay: '1000000 ETH',
  maxOrderedPerDay: '1000000 ETH',
  maxJobFee: '1000000 ETH',
  maxGasShare: '100%',
};

/** Writes the configuration that worker and API are started with; answers with its path. */
export function writeConfig(dir: string, config: StackConfig): string {
  const path = join(dir, 'openpool.yaml');
  writeFileSync(path, stringify(document(config)), { mode: 0o600 });
  const tokenPath = join(dir, 'api-token');
  if (!existsSync(tokenPath)) {
    writeFileSync(tokenPath, randomBytes(16).toString('hex'), { mode: 0o600 });
  }
  return path;
}

/** The terms of a demo that no pool's file is given to. */
const DEMO_POOL = {
  name: LOCAL_POOL_ID,
  region: 'us-west',
  commission: `${COMMISSION_BPS} bps`,
  payoutThreshold: '0.05 ETH',
};

function document({ pace, pool, ...config }: StackConfig) {
  const id = pool?.name ?? LOCAL_POOL_ID;
  return {
    ...pool?.sections,
    ...(config.guard === undefined ? {} : { guard: config.guard }),
    pool: { ...(pool?.pool ?? DEMO_POOL), id, ...WIDE, ...pace },
    sources: config.sources.map(({ id, region, nodeType, endpoint }) => ({
      id,
      region,
      nodeType,
      kind: 'orchestrator-http',
      from: 'beginning',
      options: { endpoint },
    })),
    database: { url: config.databaseUrl },
    temporal: {
      address: config.temporalAddress,
      namespace: 'default',
      ...(config.temporalUiUrl === undefined ? {} : { uiUrl: config.temporalUiUrl }),
    },
    chain: {
      id: config.chainId,
      confirmations: 4,
      // One node has two names here, because a refused payout is released only when two endpoints agree.
      rpcUrls: [config.rpcUrl, config.rpcUrl.replace('127.0.0.1', 'localhost')],
      // A refused payout is released at finality, which takes two seconds here.
      finalityConfirmations: 8,
      maxFeePerGas: '20 gwei',
      maxPriorityFeePerGas: '1 gwei',
      pollInterval: '200ms',
      bumpAfter: '5s',
    },
    wallet: { keystoreFile: 'keystore.json', passphraseFile: 'passphrase' },
    api: { ...objectOf(pool?.sections['api']), port: config.apiPort, tokenFile: 'api-token' },
    log: { level: 'info' },
  };
}

function objectOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

/** Makes a fresh hot wallet, or finds the kept one; answers with its address in lower case. */
export function ensureWallet(dir: string): string {
  const path = join(dir, 'keystore.json');
  if (existsSync(path)) {
    const { address } = JSON.parse(readFileSync(path, 'utf8')) as { readonly address: string };
    return `0x${address.replace(/^0x/, '').toLowerCase()}`;
  }
  const wallet = Wallet.createRandom();
  const passphrase = randomBytes(16).toString('hex');
  // The key derivation is weak, because this wallet holds play money only.
  const keystore = encryptKeystoreJsonSync(
    { address: wallet.address, privateKey: wallet.privateKey },
    passphrase,
    { scrypt: { N: 4_096, r: 8, p: 1 } },
  );
  writeFileSync(join(dir, 'passphrase'), passphrase, { mode: 0o600 });
  writeFileSync(path, keystore, { mode: 0o600 });
  return wallet.address.toLowerCase();
}
