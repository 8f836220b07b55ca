/** The reports of a sync pass, a backfill and a retry of events that were set aside. Times are ISO texts. */

/** What one pass over a source did. */
export interface SyncReport {
  /** How many elements the source yielded, whether new or not. */
  readonly events: number;
  readonly fresh: number;
  readonly duplicates: number;
  readonly setAside: number;
  /** How many elements this pass tried again that an earlier version or another configuration had set aside. */
  readonly retried: number;
  readonly batches: number;
  /** The event time up to which the source was read, ISO; null when nothing has been seen yet. */
  readonly cursor: string | null;
}

/**
 * The outcome for an event that was to be tried again.
 *
 * - `counted`: it counts now.
 * - `would-count`: the same, in a dry run.
 * - `counted-before`: an earlier try had counted it already.
 * - `refused`: it still cannot be counted.
 * - `hopeless`: trying it again can never help.
 * - `no-source`: its source is not configured here.
 */
export type RetryOutcome =
  | 'counted'
  | 'would-count'
  | 'counted-before'
  | 'refused'
  | 'hopeless'
  | 'no-source';

/** How far a backfill has got. The heartbeat of its activity carries this. */
export interface BackfillProgress {
  /** How many elements inside the range this attempt has read. */
  readonly events: number;
  /** How many new events all attempts have stored and credited, as far as they reported it. */
  readonly fresh: number;
  readonly duplicates: number;
  readonly setAside: number;
  /**
   * How many elements were ignored because they are outside the range; a source may yield more than it is asked for.
   */
  readonly passedOver: number;
  readonly batches: number;
  /** The newest event time inside the range so far, ISO. */
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
  /** The outcomes of the first hundred events. */
  readonly shown: readonly {
    readonly id: number;
    readonly sourceId: string;
    readonly eventId: string | null;
    readonly outcome: RetryOutcome;
    readonly code: string | null;
    readonly words: string;
  }[];
}
