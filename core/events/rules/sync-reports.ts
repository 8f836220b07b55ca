/** The reports of a sync pass, a backfill and a retry of events that were set aside. Times are ISO texts. */

export interface ReadCounts {
  /** How many elements were read, whether new or not. */
  readonly events: number;
  readonly fresh: number;
  readonly duplicates: number;
  readonly setAside: number;
  readonly batches: number;
}

/** What one pass over a source did. */
export interface SyncReport extends ReadCounts {
  /** How many elements this pass tried again that an earlier version or another configuration had set aside. */
  readonly retried: number;
  /** The event time up to which the source was read, ISO; null when nothing has been seen yet. */
  readonly cursor: string | null;
  /** Who paused the sync, and why: such a pass read nothing. */
  readonly paused?: string;
}

const NOTHING = { events: 0, fresh: 0, duplicates: 0, setAside: 0, batches: 0, retried: 0 };

/** The report of a pass that did not begin, because a person has paused the sync. */
export function pausedReport(paused: string): SyncReport {
  return { ...NOTHING, cursor: null, paused };
}

/** The outcome for an event that was to be tried again. */
export type RetryOutcome =
  | 'counted'
  /** The same, in a dry run. */
  | 'would-count'
  /** An earlier try had counted it already. */
  | 'counted-before'
  | 'refused'
  /** Trying it again can never help. */
  | 'hopeless'
  /** Its source is not configured here. */
  | 'no-source';

/**
 * How far a backfill has got; the heartbeat of its activity carries this. It counts what is inside the range, in this
 * attempt; `fresh` counts what all attempts have stored, as far as they reported it.
 */
export interface BackfillProgress extends ReadCounts {
  /** How many elements were ignored as outside the range: a source may yield more than it is asked for. */
  readonly passedOver: number;
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
