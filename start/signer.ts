import type { Config } from '../config/config.js';
import { readSigner } from '../config/sections/wallet.js';
import { PoolError } from '../core/base/errors/pool-error.js';
import { openSigner } from '../core/chain/signer/registry.js';
import type { Signer } from '../core/chain/signer/signer.js';

/**
 * Opens the signer without using the network. Throws when the keystore holds another wallet than the configuration
 * names.
 */
export async function openConfiguredSigner(config: Config): Promise<Signer> {
  const signer = await openSigner(await readSigner(config.wallet));
  const { address } = config.wallet;
  if (address !== null && address !== signer.address) {
    throw new PoolError(
      'WALLET_ADDRESS_WRONG',
      `wallet.address is ${address} and the keystore holds ${signer.address}`,
    );
  }
  return signer;
}
