/** What the chain side needs to know; validated where the configuration is read. */
export interface ChainConfig {
  readonly chainId: number;
  /** The endpoints in order of preference. With two or more, whatever cannot be undone needs two that say the same. */
  readonly rpcUrls: readonly string[];
  /** Depth at which a successful transfer counts as paid; 1 is the head itself. */
  readonly confirmations: number;
  /** Depth at which a failed transfer is believed and its hold released. */
  readonly finalityConfirmations: number;
  readonly maxFeePerGasWei: bigint;
  readonly maxPriorityFeePerGasWei: bigint;
  /** No transfer ever asks for more gas than this. */
  readonly gasLimitCap: bigint;
  readonly pollIntervalMs: number;
  /** How long the lowest transaction may wait in the pool before its fee is raised. */
  readonly bumpAfterMs: number;
  readonly rpcTimeoutMs: number;
  /** An endpoint whose head is this much older than another's does not count. */
  readonly maxHeadAgeMs: number;
  /** Balance that payouts never touch. */
  readonly keepInWalletWei: bigint;
  readonly explorerUrl: string | null;
}
