import { scrypt as nodeScrypt } from 'node:crypto';
import { scryptAsync } from '@noble/hashes/scrypt';
import {
  computeAddress,
  decryptKeystoreJson,
  encryptKeystoreJson,
  hexlify,
  isKeystoreJson,
  randomBytes,
  SigningKey,
  scrypt,
  Transaction,
} from 'ethers';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { foreignText } from '../../base/foreign-text.js';
import type { Signer, UnsignedTransfer } from './signer.js';

export interface KeystoreOptions {
  /** The text of a geth JSON keystore (version 3). */
  readonly json: string;
  /** The passphrase, byte for byte as in its file. */
  readonly passphrase: string | Uint8Array;
}

// The library's own scrypt blocks the event loop for seconds; Node's runs in a thread.
scrypt.register(
  // oxlint-disable-next-line max-params -- the package prescribes them
  (password, salt, N, r, p, length) =>
    new Promise((resolve, reject) => {
      // OpenSSL enforces the RFC's limit for N; geth, web3.py and the keystore format's own specification go beyond it.
      if (N >= 2 ** (16 * r)) {
        scryptAsync(password, salt, { N, r, p, dkLen: length }).then(resolve, reject);
        return;
      }
      const options = { N, r, p, maxmem: 256 * r * (N + p) + 1_048_576 };
      nodeScrypt(password, salt, length, options, (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      });
    }),
);

/** Makes a new key, and returns its geth keystore (version 3) and its address. The key itself is not kept. */
export async function makeKeystore(
  passphrase: string,
): Promise<{ readonly json: string; readonly address: Address }> {
  const privateKey = hexlify(randomBytes(32));
  const address = computeAddress(privateKey);
  const json = await encryptKeystoreJson({ address, privateKey }, passphrase);
  return { json, address: address.toLowerCase() as Address };
}

/** Opens a geth keystore once; the key stays in this process's memory. */
export async function openKeystore(options: KeystoreOptions): Promise<Signer> {
  const key = new SigningKey(await decrypt(options));
  const address = computeAddress(key).toLowerCase() as Address;
  return {
    address,
    async sign(transfer) {
      const transaction = toTransaction(transfer);
      transaction.signature = key.sign(transaction.unsignedHash);
      const { serialized, hash } = transaction;
      if (hash === null) throw new Error('a signed transaction has no hash');
      return { raw: Buffer.from(serialized.slice(2), 'hex'), hash };
    },
  };
}

/** Signs the hash of a message with the key in a keystore. Returns whose key it is. */
export async function signWithKeystore(
  options: KeystoreOptions,
  digest: string,
): Promise<{ readonly address: Address; readonly signature: string }> {
  const key = new SigningKey(await decrypt(options));
  const address = computeAddress(key).toLowerCase() as Address;
  return { address, signature: key.sign(digest).serialized };
}

async function decrypt(options: KeystoreOptions): Promise<string> {
  if (!isKeystoreJson(options.json)) {
    throw new PoolError('KEYSTORE_MALFORMED', 'the wallet file is no geth JSON keystore');
  }
  for (const passphrase of passphrasesIn(Buffer.from(options.passphrase))) {
    try {
      return (await decryptKeystoreJson(options.json, passphrase)).privateKey;
    } catch (error) {
      const words = error instanceof Error ? error.message : '';
      if (/incorrect password/i.test(words)) continue;
      // The cause is left out: nothing that the library says about a key may reach a log.
      const message = `the geth JSON keystore cannot be read (${derivationOf(options.json)})`;
      throw new PoolError('KEYSTORE_MALFORMED', message);
    }
  }
  throw new PoolError('KEYSTORE_PASSPHRASE_WRONG', 'the passphrase does not open the keystore');
}

/**
 * The passphrases to try, in this order: the bytes without the last line end, the first line alone (as geth reads it), and both
 * in Unicode's form NFKC (as ethers writes it).
 */
function passphrasesIn(file: Buffer): readonly Uint8Array[] {
  const whole = withoutLast(withoutLast(file, '\n'), '\r');
  const end = whole.findIndex((byte) => byte === 0x0a || byte === 0x0d);
  const line = end === -1 ? whole : whole.subarray(0, end);
  const hasMark = line.subarray(0, 3).toString('hex') === 'efbbbf';
  const first = hasMark ? line.subarray(3) : line;
  const all = [whole, first, ...[whole, first].map((bytes) => nfkc(bytes))];
  return all.filter((one, at) => all.findIndex((other) => other.equals(one)) === at);
}

const nfkc = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('utf8').normalize('NFKC'));

const withoutLast = (bytes: Buffer, char: string): Buffer =>
  bytes.at(-1) === char.charCodeAt(0) ? bytes.subarray(0, -1) : bytes;

/** The file's parameters for making a key from the passphrase; none of them is secret. */
function derivationOf(json: string): string {
  const { crypto, Crypto = crypto } = JSON.parse(json) as Record<string, unknown>;
  const { kdf, kdfparams } = (Crypto ?? {}) as Record<string, unknown>;
  const { salt: _, ...cost } = (kdfparams ?? {}) as Record<string, unknown>;
  return foreignText(`kdf ${String(kdf)} ${JSON.stringify(cost)}`, 120);
}

function toTransaction(transfer: UnsignedTransfer): Transaction {
  return Transaction.from({
    type: 2,
    chainId: transfer.chainId,
    nonce: transfer.nonce,
    to: transfer.to,
    value: transfer.valueWei,
    gasLimit: transfer.gasLimit,
    maxFeePerGas: transfer.maxFeePerGasWei,
    maxPriorityFeePerGas: transfer.maxPriorityFeePerGasWei,
    data: '0x',
    accessList: [],
  });
}
