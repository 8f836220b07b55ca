/** The configuration of a pool in the storm. Its intervals are short, so that a minute has many rounds. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Wallet } from 'ethers';
import { stringify } from 'yaml';
import type { Address } from '../../core/base/address.js';
import { ensureWallet } from '../../dev/stack/pool/stack-config.js';

export const CONFIRMATIONS = 4;
export const FEE_CAP_WEI = 20n * 10n ** 9n;
export const RPC_TIMEOUT_MS = 1_500;
const FINALITY_CONFIRMATIONS = 8;

export interface Places {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly rpcUrls: readonly string[];
  readonly chainId: number;
  readonly endpoint: string;
}

export interface StormWallet {
  readonly address: Address;
  /** Signs the transactions that the manager knows nothing about. */
  readonly key: Wallet;
  /** The folder with its keystore and passphrase. */
  readonly dir: string;
}

export function makeStormWallet(dir: string): StormWallet {
  mkdirSync(dir, { recursive: true });
  const address = ensureWallet(dir) as Address;
  const keystore = readFileSync(join(dir, 'keystore.json'), 'utf8');
  const passphrase = readFileSync(join(dir, 'passphrase'), 'utf8');
  const { privateKey } = Wallet.fromEncryptedJsonSync(keystore, passphrase);
  return { address, key: new Wallet(privateKey), dir };
}

/** Writes `openpool.yaml` into a directory and replaces an existing one. All pools have the same name in it. */
export function writeChaosConfig(
  dir: string,
  {
    places,
    wallet,
    payoutInterval = '10s',
  }: {
    readonly places: Places;
    readonly wallet: StormWallet;
    readonly payoutInterval?: string;
  },
): string {
  const path = join(dir, 'openpool.yaml');
  const tokenPath = join(dir, 'api-token');
  if (!existsSync(tokenPath)) {
    writeFileSync(tokenPath, randomBytes(16).toString('hex'), { mode: 0o600 });
  }
  writeFileSync(
    path,
    stringify({
      pool: {
        name: 'chaos',
        region: 'global',
        commission: '2500 bps',
        payoutThreshold: '0.000001 ETH',
        minPayoutInterval: '1s',
        payoutInterval,
        syncInterval: '30s',
        maxGasShare: '50%',
        maxPayout: '100 ETH',
        maxPaidPerDay: '10000 ETH',
      },
      sources: [
        {
          id: 'quiet',
          region: 'global',
          nodeType: 'ai',
          from: 'beginning',
          options: { endpoint: places.endpoint },
        },
      ],
      database: { url: places.databaseUrl },
      temporal: { address: places.temporalAddress, namespace: 'default' },
      chain: {
        id: places.chainId,
        rpcUrls: places.rpcUrls,
        confirmations: CONFIRMATIONS,
        finalityConfirmations: FINALITY_CONFIRMATIONS,
        maxFeePerGas: `${FEE_CAP_WEI} wei`,
        maxPriorityFeePerGas: '1 gwei',
        gasLimitCap: '200000 gas',
        pollInterval: '200ms',
        bumpAfter: '3s',
        rpcTimeout: `${RPC_TIMEOUT_MS}ms`,
      },
      wallet: {
        keystoreFile: join(wallet.dir, 'keystore.json'),
        passphraseFile: join(wallet.dir, 'passphrase'),
      },
      api: { port: 0, tokenFile: 'api-token' },
      log: { level: 'info' },
    }),
    { mode: 0o600 },
  );
  return path;
}
