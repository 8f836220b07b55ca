import type { Address } from '../../base/address.js';
import type { GasFees } from '../rules/gas-fees.js';

/** A plain transfer before it is signed: an EIP-1559 transaction without data. */
export interface UnsignedTransfer extends GasFees {
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Address;
  readonly valueWei: bigint;
  readonly gasLimit: bigint;
}

/** The port for what holds the wallet's key. The key itself never leaves the adapter. */
export interface Signer {
  /** The wallet's address, lower case. */
  readonly address: Address;
  /**
   * Signs exactly this transfer; the caller checks that. Signing it again may give other bytes. It gives up within seconds,
   * because the wallet is locked meanwhile. The hash is `0x` and 64 lower-case hex digits.
   */
  sign(transfer: UnsignedTransfer): Promise<{ readonly raw: Uint8Array; readonly hash: string }>;
  /**
   * Checks that the signer can sign now; called at the start and before the wallet is locked. Throws SIGNER_UNREACHABLE,
   * SIGNER_REFUSED or SIGNER_ADDRESS_MISSING. A signer that can always sign has no `check`.
   */
  check?(): Promise<void>;
}
