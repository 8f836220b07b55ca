/** The kinds of notices, the facts that each one carries, and who is told which. */
import type { Address } from '../../base/address.js';
import type { WeiString } from '../../base/money.js';

export interface OfPayout {
  readonly payoutId: string;
  readonly payee: Address;
  readonly amountWei: WeiString;
}

/** What a notice of each kind carries. Amounts are decimal strings of wei, times are in ISO format. */
export interface NoticeFacts {
  /** A payout's transfer is as deep in the chain as the pool wants it. */
  readonly paid: OfPayout & { readonly txHash: string | null };
  /** The chain took a paid payout back, and the same transfer is sent again. */
  readonly reopened: OfPayout;
  /** The destination refused the transfer. */
  readonly refused: OfPayout & { readonly txHash: string | null };
  /** A payout waits for longer than 95 of 100 such waits took in this pool. */
  readonly waiting: OfPayout & {
    readonly code: string;
    readonly reason: string;
    /** The reason in words for a worker. */
    readonly forWorker: string;
    readonly since: string;
    readonly p95Ms: number;
  };
  readonly halted: { readonly code: string; readonly reason: string; readonly wallet: Address };
  readonly 'halt-ended': {
    readonly code: string;
    readonly wallet: Address;
    /** How many other halts still stop payouts. */
    readonly remaining: number;
  };
  readonly 'wallet-low': {
    readonly wallet: Address;
    readonly balanceWei: WeiString;
    /** The sum of what is under way and what the next round would pay. */
    readonly dueWei: WeiString;
    readonly keepWei: WeiString;
  };
  readonly 'source-silent': {
    readonly source: string;
    readonly code: string;
    readonly words: string;
  };
  /** Any other finding of the sentinel. */
  readonly finding: {
    readonly source: string | null;
    readonly code: string;
    readonly words: string;
    readonly severity: string;
  };
  /** The ledger contradicts itself, or the chain. */
  readonly drift: {
    readonly check: 'audit' | 'reconciliation';
    readonly code: string;
    readonly words: string;
    readonly count: number;
  };
  readonly 'worker-offline': {
    readonly payee: Address;
    readonly nodeType: string;
    readonly region: string;
    readonly lastSeenAt: string;
    readonly offlineAfterMs: number;
  };
  /** The pool's guard judges a remote worker otherwise than before. */
  readonly 'worker-state': {
    readonly payee: Address;
    readonly nodeType: string;
    readonly region: string;
    /** Empty for transcoding. */
    readonly pipeline: string;
    readonly modelId: string;
    readonly before: string;
    readonly state: 'good' | 'warned' | 'probation' | 'excluded';
    readonly reason: string;
    /** What lifts the state; null for a good one. */
    readonly lifts: string | null;
    /** Whether it is known that no state keeps a payout back: a pool's own policy may hold whoever is excluded. */
    readonly paidAsBefore?: boolean;
  };
  readonly 'terms-change': {
    readonly change: string;
    readonly from: string;
    /** How many changes that were announced before are withdrawn by this one. */
    readonly withdrawn: number;
  };
  /** A payee asked to be paid elsewhere, or took that back. */
  readonly destination: {
    readonly payee: Address;
    /** Where it is paid now. */
    readonly from: Address;
    /** Where it asked to be paid. */
    readonly to: Address;
    /** From when on it is paid there; null: it took that back. */
    readonly effectiveAt: string | null;
  };
  /** A person of the pool has invited the payee, or withdrawn its invitation. */
  readonly invitation: { readonly payee: Address; readonly isInvited: boolean };
  /** An operator tries whether notices arrive. */
  readonly test: { readonly target: string };
}

export type NoticeKind = keyof NoticeFacts;

export const NOTICE_KINDS = [
  'paid',
  'reopened',
  'refused',
  'waiting',
  'halted',
  'halt-ended',
  'wallet-low',
  'source-silent',
  'finding',
  'drift',
  'worker-offline',
  'worker-state',
  'terms-change',
  'destination',
  'invitation',
  'test',
] as const satisfies readonly NoticeKind[];

/** What concerns every payee, so that each who gave an address is told. */
const FOR_ALL_PAYEES: readonly NoticeKind[] = ['halted', 'halt-ended', 'terms-change'];
const FOR_ONE_PAYEE: readonly NoticeKind[] = [
  'paid',
  'reopened',
  'refused',
  'waiting',
  'worker-offline',
  'worker-state',
  'destination',
  'invitation',
];
/** What payees can be told. Operators can be told everything. */
export const PAYEE_KINDS: readonly NoticeKind[] = [...FOR_ONE_PAYEE, ...FOR_ALL_PAYEES];

/** A notice with its facts, as one of the kinds. */
export type NoticeOf = {
  readonly [Kind in NoticeKind]: { readonly kind: Kind; readonly facts: NoticeFacts[Kind] };
}[NoticeKind];

/** Who is told: the pool's operators, or one payee. */
export interface Audience {
  /** Null: the operators. */
  readonly payee: Address | null;
  /** Only these kinds; null: all that concern this audience. */
  readonly only: readonly NoticeKind[] | null;
}

/** What a notice says about whom it is for. */
export interface Addressing {
  readonly kind: NoticeKind;
  /** Whom it is about; null when it is about the pool. */
  readonly payee: Address | null;
  /** The only target that it is for; null: all whose audience fits. */
  readonly targetId: string | null;
}

/** Whether this target is told this notice. */
export function isFor(target: Audience & { readonly id: string }, notice: Addressing): boolean {
  if (notice.targetId !== null) return notice.targetId === target.id;
  if (target.only !== null && !target.only.includes(notice.kind)) return false;
  if (target.payee === null) return true;
  return notice.payee === target.payee || FOR_ALL_PAYEES.includes(notice.kind);
}
