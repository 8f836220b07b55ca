/** What a look at the revenue came to; it travels through Temporal as JSON. */

export interface RevenueReport {
  /** Events that told of redemptions and were not known before. */
  readonly told: number;
  /** Redemptions that the chain settled in this look, and those that it did not. */
  readonly settled: number;
  readonly open: number;
  /** Why the chain could not be asked; null: it was, or nobody is named whose tickets these are. */
  readonly trouble: string | null;
  readonly periodsClosed: number;
  /** Decimal wei. */
  readonly sharedWei: string;
  /** Why the next period is not closed although its time has come; null: nothing waits. */
  readonly waits: string | null;
}
