/** What a person may order, by kind: everything that is carried out for somebody, with its arguments. */
import type { NodeType } from '../../base/remote-worker.js';

/** Unattributed jobs: the named ones, or all that fit. */
export interface JobChoice {
  /** Handles, `source/time/event id`; at most 200. Empty: those that fit. */
  readonly jobs: readonly string[];
  readonly requestId: string | null;
  readonly sourceId: string | null;
  /** Event times before this, ISO. */
  readonly before: string | null;
}

/** Which events are read again, both ends included by their whole seconds, ISO. */
export interface BackfillRange {
  /** Null: from the beginning of the source. */
  readonly from: string | null;
  /** Null: to the end of what the source has. */
  readonly to: string | null;
}

/** Addresses are in lower case, amounts decimal strings of wei, times ISO: they are kept as JSON. */
export interface OrderArgs {
  /** Pay now what is pending for a payee. */
  readonly 'payout.manual': {
    readonly payee: string;
    /** Pay even when less than the threshold is pending. */
    readonly belowThreshold: boolean;
  };
  /** Book what the wallet's key did outside of the ledger. */
  readonly 'wallet.adopt': {
    /** Calls that a person has looked at: they paid nobody of this pool. */
    readonly vouchedHashes: readonly string[];
    /** The ledger has paid from this wallet from this nonce on, and does not know it: an older backup. Null: from the one that pays. */
    readonly paidFrom?: { readonly wallet: string | null; readonly nonce: number };
  };
  /** Give a payout's amount back to pending, where nothing can pay it any more. */
  readonly 'payout.release': { readonly payoutId: string };
  /** Book a payment that somebody made for the pool outside of it. */
  readonly 'payout.paid-elsewhere': { readonly payoutId: string; readonly txHash: string };
  /** Give unattributed jobs to a payee. */
  readonly 'jobs.assign': {
    readonly choice: JobChoice;
    readonly payee: string;
    /** Null: the job's own. */
    readonly nodeType: NodeType | null;
    readonly region: string | null;
    /** The payee may be one that was never seen. */
    readonly newPayee: boolean;
  };
  /** Keep unattributed jobs for the pool. */
  readonly 'jobs.absorb': { readonly choice: JobChoice };
  /** Add to a payee's pending fees, or take from them. */
  readonly 'ledger.adjust': {
    readonly payee: string;
    readonly nodeType: NodeType | null;
    readonly region: string | null;
    /** Negative: taken from what is pending. */
    readonly amountWei: string;
    readonly reference: string;
    readonly newPayee: boolean;
    readonly allowDebt: boolean;
  };
  /** Try events that were set aside again. */
  readonly 'set-aside.retry': {
    /** At most 200. Empty: those that fit. */
    readonly ids: readonly number[];
    readonly code: string | null;
    readonly sourceId: string | null;
  };
  /** Read a source again. */
  readonly 'source.backfill': BackfillRange & { readonly sourceId: string };
  /** Compute all balances again from the raw events; a dry run only compares. */
  readonly 'ledger.rebuild': {
    /** Also correct what was paid out already: the payee then earns off its debt. */
    readonly allowDebt: boolean;
    /** Leave the scratch schema behind. */
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
  /** What it is about: a payee, a payout's id, a source. */
  readonly subject: string;
  readonly args: OrderArgs[Kind];
  /** Only shows what it would do. */
  readonly dryRun: boolean;
  readonly actor: string;
  readonly reason: string;
}

/** An order's arguments with who gave it, as those who carry it out take it. */
export type GivenOrder<Kind extends OrderKind> = OrderArgs[Kind] &
  Pick<Order<Kind>, 'dryRun' | 'actor' | 'reason'>;

export function givenBy<Kind extends OrderKind>(order: Order<Kind>): GivenOrder<Kind> {
  const { args, dryRun, actor, reason } = order;
  return { ...args, dryRun, actor, reason };
}

/** What a retry is about, in the audit log. */
export function retrySubject({ ids, code, sourceId }: OrderArgs['set-aside.retry']): string {
  const named = ids.length === 0 ? [] : [`ids ${ids.join(', ')}`];
  const fitting = [code, sourceId].filter((part) => part !== null);
  return [...named, ...fitting].join(' ').slice(0, 200);
}

const HOUR_MS = 3_600_000;

/**
 * How long an order may be carried out. One that no worker took up in this time was given for
 * circumstances that are gone; the long ones are tried again for days.
 */
export function orderLifetimeMs(kind: OrderKind): number {
  const isLong = kind === 'source.backfill' || kind === 'ledger.rebuild';
  return (isLong ? 30 * 24 : 24) * HOUR_MS;
}
