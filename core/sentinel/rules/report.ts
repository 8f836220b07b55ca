/** The results of a look of the sentinel and of a sweep over the sagas. */

/** What one look of the sentinel changed, and what is open after it. */
export interface SentinelReport {
  readonly sources: number;
  readonly opened: number;
  /** How many findings have become worse since they were acknowledged. */
  readonly worse: number;
  readonly resolved: number;
  readonly open: number;
  /** The open findings, at most 50 of them. */
  readonly findings: readonly {
    readonly code: string;
    readonly sourceId: string;
    readonly words: string;
  }[];
}

export interface StuckSaga {
  readonly payoutId: string;
  readonly workflowId: string;
  /** The error with which its workflow task fails, without secrets and on one line. */
  readonly failure: string;
}

export interface SweepReport {
  readonly started: number;
  /** How many sagas were told that their payouts had ended, because they were still running. */
  readonly told: number;
  readonly stuck: readonly StuckSaga[];
}
