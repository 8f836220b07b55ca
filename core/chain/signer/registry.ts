import { type KeystoreOptions, openKeystore } from './keystore.js';
import type { Signer } from './signer.js';
import { connectWeb3signer, type Web3signerOptions } from './web3signer.js';

/** A signer as the configuration describes it, with the contents of its files. */
export type SignerConfig =
  | ({ readonly kind: 'keystore' } & KeystoreOptions)
  | ({ readonly kind: 'web3signer' } & Web3signerOptions);

/** Opens the signer that a configuration describes, without asking the network; `check` does that. */
export async function openSigner(config: SignerConfig): Promise<Signer> {
  switch (config.kind) {
    case 'keystore':
      return openKeystore(config);
    case 'web3signer':
      return connectWeb3signer(config);
  }
}
