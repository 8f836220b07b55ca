/**
 * What the outside may know of the workflows about events and unattributed money; beside `contract.ts`.
 * Amounts are decimal strings of wei, times ISO.
 */
import type { WeiString } from '../core/base/money.js';
import type { NodeType } from '../core/base/remote-worker.js';

/** One backfill of a source at a time. */
export const backfillWorkflowId = (poolId: string, sourceId: string): string =>
  `${poolId}/backfill/${sourceId}`;

/** How far a backfill is; its activity's heartbeat carries it. */
export interface BackfillProgress {
  /** Elements inside the range, of this attempt. */
  readonly events: number;
  /** Stored and credited, by all attempts that told of it. */
  readonly fresh: number;
  readonly duplicates: number;
  readonly setAside: number;
  /** Elements that the source gave and that lie outside of the range. */
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

export interface JobDecisionReport {
  readonly applied: boolean;
  readonly jobs: number;
  /** Named jobs about which the same was decided before. */
  readonly already: number;
  readonly grossWei: WeiString;
  readonly commissionWei: WeiString;
  readonly netWei: WeiString;
  /** The first of them. */
  readonly shown: readonly {
    readonly job: string;
    readonly grossWei: WeiString;
    readonly commissionWei: WeiString;
    readonly netWei: WeiString;
    /** Null: the pool keeps it. */
    readonly payee: string | null;
    readonly nodeType: NodeType | null;
    readonly region: string | null;
  }[];
  readonly words: string;
}

export interface AdjustmentReport {
  readonly applied: boolean;
  /** Booked before under the same reference. */
  readonly already: boolean;
  readonly payee: string;
  readonly nodeType: NodeType;
  readonly region: string;
  readonly amountWei: string;
  /** For the payee, over all rows, with this adjustment. */
  readonly pendingWei: string;
  readonly words: string;
}

/**
 * counted: it counts now. would-count: a dry run. counted-before: it was not open any more. refused:
 * still cannot be read. hopeless: not tried, because trying cannot help. no-source: its source is not
 * configured here.
 */
export type RetryOutcome =
  | 'counted'
  | 'would-count'
  | 'counted-before'
  | 'refused'
  | 'hopeless'
  | 'no-source';

export interface SetAsideRetryReport {
  readonly applied: boolean;
  readonly looked: number;
  readonly outcomes: Readonly<Partial<Record<RetryOutcome, number>>>;
  /** The first of them. */
  readonly shown: readonly {
    readonly id: number;
    readonly sourceId: string;
    readonly eventId: string | null;
    readonly outcome: RetryOutcome;
    readonly code: string | null;
    readonly words: string;
  }[];
}
