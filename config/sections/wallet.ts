/** Configures the signer, and reads its files. */
import { readFile } from 'node:fs/promises';
import type { Address } from '../../core/base/address.js';
import { PoolError } from '../../core/base/errors/pool-error.js';
import { openSigner, type SignerConfig } from '../../core/chain/signer/registry.js';
import type { Signer } from '../../core/chain/signer/signer.js';
import { type NamedFiles, readTextFile, secretIn, unreadable } from '../reading/files.js';
import { fileError } from '../reading/problem.js';
import type { ConfigValues } from '../schema.js';

type WalletValues = ConfigValues['wallet'];

/** Where the signer is, with resolved paths. It holds no secret: only a process that signs reads the files. */
export type SignerPlace =
  | { readonly kind: 'keystore'; readonly keystoreFile: string; readonly passphraseFile: string }
  | ({ readonly kind: 'web3signer' } & NonNullable<WalletValues['remote']>);

export function buildSigner(wallet: WalletValues, files: NamedFiles): SignerPlace {
  const place = (path: string | null) => (path === null ? null : files.resolve(path));
  const { remote } = wallet;
  if (remote === undefined) {
    // The schema guarantees that both are set.
    const { keystoreFile = '', passphraseFile = '' } = wallet;
    return {
      kind: 'keystore',
      keystoreFile: files.resolve(keystoreFile),
      passphraseFile: files.resolve(passphraseFile),
    };
  }
  return {
    kind: 'web3signer',
    ...remote,
    caFile: place(remote.caFile),
    certFile: place(remote.certFile),
    keyFile: place(remote.keyFile),
    tokenFile: place(remote.tokenFile),
  };
}

/** Notes a problem for each of the wallet's files that cannot be read, or that others can read. */
export async function tryWalletFiles(wallet: WalletValues, files: NamedFiles): Promise<void> {
  const { keystoreFile, passphraseFile, remote } = wallet;
  await files.readText(['wallet', 'keystoreFile'], keystoreFile);
  await tryPassphrase(passphraseFile, files);
  for (const name of ['caFile', 'certFile', 'keyFile'] as const) {
    await files.readText(['wallet', 'remote', name], remote?.[name]);
  }
  await files.readSecret(['wallet', 'remote', 'tokenFile'], remote?.tokenFile);
  await files.guard(['wallet', 'keystoreFile'], keystoreFile, true);
  await files.guard(['wallet', 'passphraseFile'], passphraseFile, true);
  await files.guard(['wallet', 'remote', 'keyFile'], remote?.keyFile, true);
  await files.guard(['wallet', 'remote', 'tokenFile'], remote?.tokenFile, true);
}

/**
 * Warns of a byte order mark, further lines and the like in the passphrase's file. They are no problem by themselves,
 * because geth may have taken the whole text as the passphrase, so the signer tries all of it first.
 */
async function tryPassphrase(path: string | undefined, files: NamedFiles): Promise<void> {
  const key = ['wallet', 'passphraseFile'];
  const bytes = await files.read(key, path, (file) => readFile(file));
  if (bytes === undefined || path === undefined) return;
  const text = bytes.toString('utf8').replace(/\r?\n$/, '');
  const file = files.resolve(path);
  if (text === '') {
    files.note('CONFIG_VALUE', key, `${file} is empty`);
    return;
  }
  const found = [
    ...(text.startsWith('\ufeff') ? ['begins with a byte order mark'] : []),
    ...(/[\r\n]$/.test(text) ? ['ends with more than one line end'] : []),
    ...(/[\r\n][^\r\n]/.test(text) ? ['holds more than one line'] : []),
    ...(text.includes('\0') ? ['holds NUL characters, as UTF-16 does'] : []),
  ];
  if (found.length === 0) return;
  const words = 'it is tried as it stands, then its first line alone: leave nothing else in it';
  files.warn('CONFIG_VALUE', key, `${file} ${found.join(' and ')}; ${words}`);
}

export interface WalletConfig {
  readonly signer: SignerPlace;
  /** If set, the keystore must hold this wallet. With a remote signer it is always set. */
  readonly address: Address | null;
  /**
   * The operator's confirmation that a wallet which is new to this ledger has sent exactly this many transactions
   * before, and that none of them paid a payee of this pool.
   */
  readonly acceptedTransactions: number;
}

/**
 * Opens the signer without using the network. Throws when the keystore holds another wallet than the configuration
 * names.
 */
export async function openConfiguredSigner(wallet: WalletConfig): Promise<Signer> {
  const signer = await openSigner(await readSigner(wallet));
  const { address } = wallet;
  if (address === null || address === signer.address) return signer;
  const message = `wallet.address is ${address} and the keystore holds ${signer.address}`;
  throw new PoolError('WALLET_ADDRESS_WRONG', message);
}

/** Reads the signer's files, again at each call. */
export async function readSigner({ signer, address }: WalletConfig): Promise<SignerConfig> {
  if (signer.kind === 'keystore') {
    const [json, passphrase] = await Promise.all([
      readNamed('wallet.keystoreFile', signer.keystoreFile, readTextFile),
      readNamed('wallet.passphraseFile', signer.passphraseFile, (path) => readFile(path)),
    ]);
    return { kind: signer.kind, json, passphrase };
  }
  if (address === null) throw new RangeError('a remote signer without an address');
  const { kind, url, timeoutMs } = signer;
  const read = async (name: 'caFile' | 'certFile' | 'keyFile' | 'tokenFile') => {
    const path = signer[name];
    return path === null ? undefined : readNamed(`wallet.remote.${name}`, path, readTextFile);
  };
  const [ca, cert, key] = [await read('caFile'), await read('certFile'), await read('keyFile')];
  const token = await read('tokenFile');
  return { kind, url, address, timeoutMs, ca, cert, key, token: token && secretIn(token) };
}

async function readNamed<T>(
  key: string,
  path: string,
  reader: (path: string) => Promise<T>,
): Promise<T> {
  try {
    return await reader(path);
  } catch (error) {
    throw fileError(path, key, unreadable(path, error));
  }
}
