import type { Address } from '../../base/address.js';

/**
 * How deep a transaction is in the chain. shallow: it has too few confirmations, or its block is not canonical. deep: it
 * has as many confirmations as a payment needs. final: it failed, with as many as are needed to believe that.
 */
export type Depth = 'shallow' | 'deep' | 'final';

/** The result of a mined transaction. */
export interface Receipt {
  readonly hash: string;
  readonly from: Address;
  /** Null when the transaction created a contract. */
  readonly to: Address | null;
  readonly succeeded: boolean;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly gasUsed: bigint;
  readonly gasPriceWei: bigint;
}

/** A receipt on which a quorum of endpoints agrees, with its depth. */
export interface Inclusion extends Receipt {
  readonly depth: Depth;
}
