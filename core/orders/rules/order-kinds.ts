/** The kinds of orders that a person may give, each with its arguments. */
import type { NodeType } from '../../base/remote-worker.js';

/** Chooses unattributed jobs: the named ones, or all that fit the filter. */
export interface JobChoice {
  /** Job handles (`source/time/event id`), at most 200. Empty when the filter chooses the jobs. */
  readonly jobs: readonly string[];
  readonly requestId: string | null;
  readonly sourceId: string | null;
  /** Chooses only events from before this ISO time. */
  readonly before: string | null;
}

/**
 * The range of events to read again. Both ends are ISO times, and their whole seconds belong to the range; null is the
 * source's beginning or its newest event.
 */
export interface BackfillRange {
  readonly from: string | null;
  readonly to: string | null;
}

/**
 * The arguments of each kind of order. They are stored as JSON: addresses in lower case, amounts as decimal strings of
 * wei, times as ISO.
 */
export interface OrderArgs {
  /** Pay a payee's pending fees now. */
  readonly 'payout.manual': {
    readonly payee: string;
    /** True to pay even when less than the threshold is pending. */
    readonly belowThreshold: boolean;
    /** True to pay in spite of what the policy says against the payee, and of its own pause. @default false */
    readonly despiteRules?: boolean;
  };
  /** Reserve for everybody who is due now, provided that it is what a person looked at. */
  readonly 'payout.round': {
    /** The hash of the preview that was looked at. */
    readonly previewHash: string;
  };
  /** Book transactions that were signed with the wallet's key outside of the ledger. */
  readonly 'wallet.adopt': {
    /** Hashes of calls that a person has examined and confirms to have paid nobody of this pool. */
    readonly vouchedHashes: readonly string[];
    /**
     * Set after an older backup was restored: the ledger had paid from this wallet from this nonce on, and no longer
     * knows it. A wallet of null means the paying wallet.
     */
    readonly paidFrom?: { readonly wallet: string | null; readonly nonce: number };
  };
  /** Return a payout's amount to pending, because nothing can pay it any longer. */
  readonly 'payout.release': { readonly payoutId: string };
  /** Book a payment that somebody made for the pool from outside of it. */
  readonly 'payout.paid-elsewhere': { readonly payoutId: string; readonly txHash: string };
  readonly 'jobs.assign': {
    readonly choice: JobChoice;
    readonly payee: string;
    /** Null takes the job's own node type and region. */
    readonly nodeType: NodeType | null;
    readonly region: string | null;
    /** True to allow a payee that was never seen. */
    readonly newPayee: boolean;
  };
  readonly 'jobs.absorb': { readonly choice: JobChoice };
  /** Add to a payee's pending fees, or subtract from them. */
  readonly 'ledger.adjust': {
    readonly payee: string;
    readonly nodeType: NodeType | null;
    readonly region: string | null;
    /** In wei; negative when it is subtracted from the pending fees. */
    readonly amountWei: string;
    readonly reference: string;
    readonly newPayee: boolean;
    readonly allowDebt: boolean;
  };
  /** Process events again that were set aside. */
  readonly 'set-aside.retry': {
    /** Ids of events, at most 200. Empty when code and source choose them. */
    readonly ids: readonly number[];
    readonly code: string | null;
    readonly sourceId: string | null;
  };
  readonly 'source.backfill': BackfillRange & { readonly sourceId: string };
  /** Compute all balances again from the raw events; a dry run only compares. */
  readonly 'ledger.rebuild': {
    /** True to correct also what was already paid out; the payee then has a debt to earn off. */
    readonly allowDebt: boolean;
    /** True to leave the scratch schema in the database. */
    readonly keep: boolean;
  };
  /** Restore a month of raw events from the archive into the table, such as `2025-03`. */
  readonly 'archive.restore': { readonly month: string };
}

export type OrderKind = keyof OrderArgs;

export interface Order<Kind extends OrderKind> {
  readonly id: string;
  readonly kind: Kind;
  /** What the order is about, such as a payee, a payout's id or a source. */
  readonly subject: string;
  readonly args: OrderArgs[Kind];
  /** True to only show what the order would do. */
  readonly dryRun: boolean;
  readonly actor: string;
  readonly reason: string;
}

export type GivenOrder<Kind extends OrderKind> = OrderArgs[Kind] &
  Pick<Order<Kind>, 'dryRun' | 'actor' | 'reason'>;

export function givenBy<Kind extends OrderKind>(order: Order<Kind>): GivenOrder<Kind> {
  const { args, dryRun, actor, reason } = order;
  return { ...args, dryRun, actor, reason };
}

/** Describes which events a retry chose, as its subject in the audit log. */
export function retrySubject({ ids, code, sourceId }: OrderArgs['set-aside.retry']): string {
  const named = ids.length === 0 ? null : `ids ${ids.join(', ')}`;
  return [named, code, sourceId]
    .filter((part) => part !== null)
    .join(' ')
    .slice(0, 200);
}

const HOUR_MS = 3_600_000;
const ROUND_LIFETIME_MS = 15 * 60_000;

/**
 * How long an order may still be carried out, in milliseconds: later, the circumstances it was given in no longer hold.
 * Long-running orders are retried for days, and so get more time.
 */
export function orderLifetimeMs(kind: OrderKind): number {
  // Whoever looked at a round and got no answer will do something else, so it must not be made hours later.
  if (kind === 'payout.round') return ROUND_LIFETIME_MS;
  const isLong = kind === 'source.backfill' || kind === 'ledger.rebuild';
  return (isLong ? 30 * 24 : 24) * HOUR_MS;
}
