/** The reports of a backfill and of a retry of what was set aside. Times are ISO texts. */

/**
 * What became of an event that was to be tried again.
 *
 * - `counted`: it counts now.
 * - `would-count`: the same, in a dry run.
 * - `counted-before`: it was not open any more.
 * - `refused`: it still cannot be counted.
 * - `hopeless`: it was not tried, because trying cannot help.
 * - `no-source`: its source is not configured here.
 */
export type RetryOutcome =
  | 'counted'
  | 'would-count'
  | 'counted-before'
  | 'refused'
  | 'hopeless'
  | 'no-source';

/** How far a backfill is. The heartbeat of its activity carries it. */
export interface BackfillProgress {
  /** Elements inside the range that this attempt has read. */
  readonly events: number;
  /** Events stored and credited by all attempts, as far as they reported it. */
  readonly fresh: number;
  readonly duplicates: number;
  readonly setAside: number;
  /** Elements that the source gave although they lie outside of the range. */
  readonly passedOver: number;
  readonly batches: number;
  /** The newest event time inside the range. */
  readonly newest: string | null;
  readonly eventsPerSecond: number;
}

export interface BackfillReport extends BackfillProgress {
  readonly attempts: number;
  readonly tookMs: number;
}

export interface SetAsideRetryReport {
  readonly applied: boolean;
  readonly looked: number;
  readonly outcomes: Readonly<Partial<Record<RetryOutcome, number>>>;
  /** The first hundred of them. */
  readonly shown: readonly {
    readonly id: number;
    readonly sourceId: string;
    readonly eventId: string | null;
    readonly outcome: RetryOutcome;
    readonly code: string | null;
    readonly words: string;
  }[];
}
