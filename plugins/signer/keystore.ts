import { scrypt as nodeScrypt } from 'node:crypto';
import {
  computeAddress,
  decryptKeystoreJson,
  isKeystoreJson,
  SigningKey,
  scrypt,
  Transaction,
} from 'ethers';
import type { Address } from '../../domain/address.js';
import { PoolError } from '../../domain/pool-error.js';
import type { Signer, UnsignedTransfer } from './signer.js';

export interface KeystoreOptions {
  /** The text of a geth JSON keystore (version 3). */
  readonly json: string;
  readonly passphrase: string;
}

// The library's own scrypt blocks the loop for seconds; Node's works beside it.
scrypt.register(
  // oxlint-disable-next-line max-params -- the package prescribes them
  (password, salt, N, r, p, length) =>
    new Promise((resolve, reject) => {
      const options = { N, r, p, maxmem: 256 * r * (N + p) + 1_048_576 };
      nodeScrypt(password, salt, length, options, (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      });
    }),
);

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

async function decrypt(options: KeystoreOptions): Promise<string> {
  if (!isKeystoreJson(options.json)) {
    throw new PoolError('KEYSTORE_MALFORMED', 'the wallet file is no geth JSON keystore');
  }
  try {
    return (await decryptKeystoreJson(options.json, options.passphrase)).privateKey;
  } catch (error) {
    const words = error instanceof Error ? error.message : '';
    if (/incorrect password/i.test(words)) {
      throw new PoolError('KEYSTORE_PASSPHRASE_WRONG', 'the passphrase does not open the keystore');
    }
    // The cause is left out: nothing that the library says about a key may reach a log.
    throw new PoolError('KEYSTORE_MALFORMED', 'the geth JSON keystore cannot be read');
  }
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
