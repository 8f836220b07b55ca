/**
 * What the outside may know of the workflows about events and unattributed money; beside `contract.ts`.
 * Amounts are decimal strings of wei, times ISO.
 */
import type { WeiString } from '../domain/money.js';
import type { NodeType } from '../domain/remote-worker.js';
import type { RepairInput } from './contract.js';

/** One backfill of a source at a time. */
export const backfillWorkflowId = (sourceId: string): string => `backfill/${sourceId}`;

/** Which events are read again, both ends included by their whole seconds. */
export interface BackfillRange {
  /** Null: from the beginning of the source. */
  readonly from: string | null;
  /** Null: to the end of what the source has. */
  readonly to: string | null;
}

export interface BackfillInput extends BackfillRange {
  readonly sourceId: string;
  readonly actor: string;
  readonly reason: string;
}

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

/** Unattributed jobs: the named ones, or all that fit. */
export interface JobChoice {
  /** Handles, `source/time/event id`; at most 200. Empty: those that fit. */
  readonly jobs: readonly string[];
  readonly requestId: string | null;
  readonly sourceId: string | null;
  /** Event times before this. */
  readonly before: string | null;
}

export interface AbsorbInput extends RepairInput {
  readonly choice: JobChoice;
}

export interface AssignInput extends AbsorbInput {
  /** Lower-case address. */
  readonly payee: string;
  /** Null: the job's own. */
  readonly nodeType: NodeType | null;
  readonly region: string | null;
  /** The payee may be one that was never seen. */
  readonly newPayee: boolean;
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

export interface AdjustmentInput extends RepairInput {
  /** Lower-case address. */
  readonly payee: string;
  readonly nodeType: NodeType | null;
  readonly region: string | null;
  /** Negative: taken from what is pending. */
  readonly amountWei: string;
  readonly reference: string;
  readonly newPayee: boolean;
  readonly allowDebt: boolean;
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

export interface SetAsideRetryInput extends RepairInput {
  /** At most 200. Empty: those that fit. */
  readonly ids: readonly number[];
  readonly code: string | null;
  readonly sourceId: string | null;
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
