/** What reading events, and reading them again, answers with. Times are ISO. */

/** What one pass over a source did. */
export interface SyncReport {
  /** Elements that the source gave. */
  readonly events: number;
  readonly fresh: number;
  readonly duplicates: number;
  readonly setAside: number;
  /** Elements set aside by another version and tried again. */
  readonly retried: number;
  readonly batches: number;
  /** Where the next pass goes on, ISO; null: nothing has been seen yet. */
  readonly cursor: string | null;
}

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
