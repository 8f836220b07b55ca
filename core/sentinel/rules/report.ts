/** What a look of the sentinel, and a sweep of the sagas, answer with. */

/** What one look of the sentinel changed, and what is open after it. */
export interface SentinelReport {
  readonly sources: number;
  readonly opened: number;
  /** Acknowledged before, and worse since. */
  readonly worse: number;
  readonly resolved: number;
  readonly open: number;
  /** At most 50 of the open ones. */
  readonly findings: readonly {
    readonly code: string;
    readonly sourceId: string;
    readonly words: string;
  }[];
}

export interface StuckSaga {
  readonly payoutId: string;
  readonly workflowId: string;
  /** What its workflow task fails with, without secrets and on one line. */
  readonly failure: string;
}

export interface SweepReport {
  readonly started: number;
  /** Sagas that ran although their payouts had ended. */
  readonly told: number;
  readonly stuck: readonly StuckSaga[];
}
