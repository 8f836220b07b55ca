/** What a person may order: each kind of order, with its arguments. */
import type { NodeType } from '../../base/remote-worker.js';

/** Chooses unattributed jobs: the named ones, or all that fit the filter. */
export interface JobChoice {
  /** Handles, `source/time/event id`; at most 200. Empty when the filter chooses. */
  readonly jobs: readonly string[];
  readonly requestId: string | null;
  readonly sourceId: string | null;
  /** Only events from before this time, ISO. */
  readonly before: string | null;
}

/** Which events are read again. Both ends are ISO times, and their whole seconds belong to the range. */
export interface BackfillRange {
  /** Null reads from the beginning of the source. */
  readonly from: string | null;
  /** Null reads to the end of what the source has. */
  readonly to: string | null;
}

/** The arguments are kept as JSON: addresses in lower case, amounts as decimal strings of wei, times as ISO. */
export interface OrderArgs {
  /** Pay now what is pending for a payee. */
  readonly 'payout.manual': {
    readonly payee: string;
    /** Pay even when less than the threshold is pending. */
    readonly belowThreshold: boolean;
  };
  /** Book what the wallet's key did outside of the ledger. */
  readonly 'wallet.adopt': {
    /** Calls that a person has examined, and vouches that they paid nobody of this pool. */
    readonly vouchedHashes: readonly string[];
    /**
     * After an older backup was restored: the ledger had paid from this wallet, from this nonce on, and does not know
     * it. A wallet of null is the one that pays.
     */
    readonly paidFrom?: { readonly wallet: string | null; readonly nonce: number };
  };
  /** Give a payout's amount back to pending, because nothing can pay it any more. */
  readonly 'payout.release': { readonly payoutId: string };
  /** Book a payment that somebody made for the pool outside of it. */
  readonly 'payout.paid-elsewhere': { readonly payoutId: string; readonly txHash: string };
  /** Give unattributed jobs to a payee. */
  readonly 'jobs.assign': {
    readonly choice: JobChoice;
    readonly payee: string;
    /** Null takes the job's own. */
    readonly nodeType: NodeType | null;
    readonly region: string | null;
    /** Whether the payee may be one that was never seen. */
    readonly newPayee: boolean;
  };
  /** Keep unattributed jobs for the pool. */
  readonly 'jobs.absorb': { readonly choice: JobChoice };
  /** Add to a payee's pending fees, or take from them. */
  readonly 'ledger.adjust': {
    readonly payee: string;
    readonly nodeType: NodeType | null;
    readonly region: string | null;
    /** Negative when it is taken from what is pending. */
    readonly amountWei: string;
    readonly reference: string;
    readonly newPayee: boolean;
    readonly allowDebt: boolean;
  };
  /** Try events that were set aside again. */
  readonly 'set-aside.retry': {
    /** At most 200. Empty when code and source choose. */
    readonly ids: readonly number[];
    readonly code: string | null;
    readonly sourceId: string | null;
  };
  /** Read a source again. */
  readonly 'source.backfill': BackfillRange & { readonly sourceId: string };
  /** Compute all balances again from the raw events; a dry run only compares. */
  readonly 'ledger.rebuild': {
    /** Whether to correct also what was paid out already; the payee then has a debt to earn off. */
    readonly allowDebt: boolean;
    /** Whether to leave the scratch schema behind. */
    readonly keep: boolean;
  };
  /** Bring a month of raw events back into the table: `2025-03`. */
  readonly 'archive.restore': { readonly month: string };
}

export type OrderKind = keyof OrderArgs;

/** An order as it was given. */
export interface Order<Kind extends OrderKind> {
  readonly id: string;
  readonly kind: Kind;
  /** What the order is about, such as a payee, a payout's id or a source. */
  readonly subject: string;
  readonly args: OrderArgs[Kind];
  /** Whether to only show what it would do. */
  readonly dryRun: boolean;
  readonly actor: string;
  readonly reason: string;
}

/** What carries an order out needs: its arguments, and who gave it. */
export type GivenOrder<Kind extends OrderKind> = OrderArgs[Kind] &
  Pick<Order<Kind>, 'dryRun' | 'actor' | 'reason'>;

export function givenBy<Kind extends OrderKind>(order: Order<Kind>): GivenOrder<Kind> {
  const { args, dryRun, actor, reason } = order;
  return { ...args, dryRun, actor, reason };
}

/** The subject of a retry in the audit log. */
export function retrySubject({ ids, code, sourceId }: OrderArgs['set-aside.retry']): string {
  const named = ids.length === 0 ? [] : [`ids ${ids.join(', ')}`];
  const fitting = [code, sourceId].filter((part) => part !== null);
  return [...named, ...fitting].join(' ').slice(0, 200);
}

const HOUR_MS = 3_600_000;

/**
 * How long after it was given an order may be carried out. One that no worker took up in this time was given in
 * circumstances that are gone. Long work is tried again for days, and so gets more.
 */
export function orderLifetimeMs(kind: OrderKind): number {
  const isLong = kind === 'source.backfill' || kind === 'ledger.rebuild';
  return (isLong ? 30 * 24 : 24) * HOUR_MS;
}
