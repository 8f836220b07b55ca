import type { Address } from '../../base/address.js';

/**
 * How deep a transaction was seen to be. shallow: in a block, or in one that is not canonical (any
 * more). deep: as many confirmations as a payment needs. final: as many as a refusal needs.
 */
export type Depth = 'shallow' | 'deep' | 'final';

/** What became of a mined transaction. */
export interface Receipt {
  readonly hash: string;
  readonly from: Address;
  /** Null when it made a contract. */
  readonly to: Address | null;
  readonly succeeded: boolean;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly gasUsed: bigint;
  readonly gasPriceWei: bigint;
}

/** What a quorum of endpoints says alike about a mined transaction. */
export interface Inclusion extends Receipt {
  readonly depth: Depth;
}
