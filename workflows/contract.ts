/**
 * What the outside may know of the workflows: names, ids, messages, attributes. The API, the CLI and
 * the activities import this file and nothing else from here.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { PayoutState, Wait } from '../domain/payout.js';

/**
 * Everything of a pool in Temporal begins with its id: two pools may share a namespace. Every input
 * carries it too, and no activity does anything for another pool than its worker's.
 */
export interface PoolInput {
  readonly poolId: string;
}

/** What an activity takes: the worker has compared whose it is before. */
export type Unscoped<Input extends PoolInput> = Omit<Input, 'poolId'>;

/** Activities as workflows call them: none without the pool's id. */
export type Scoped<Activities> = {
  readonly [Name in keyof Activities]: Activities[Name] extends (
    ...args: infer Args
  ) => infer Result
    ? (input: PoolInput & (Args extends readonly [infer Input] ? Input : unknown)) => Result
    : never;
};

/**
 * Work that must not wait behind other work has a queue, and slots, of its own. The pool's main queue has all
 * workflows except sagas, and the clockwork's activities: rounds, sweeps, audits, the sentinel.
 * payouts: the sagas. orders: what people ask for. sync: reading sources. backfill: reading one again, for days.
 * long: rebuild, archive, reconciliation, the whole audit.
 */
export const LANES = ['payouts', 'orders', 'sync', 'backfill', 'long'] as const;
export type Lane = (typeof LANES)[number];

export const taskQueueOf = (poolId: string): string => `openpool/${poolId}`;
export const laneQueue = (mainQueue: string, lane: Lane): string => `${mainQueue}/${lane}`;
const within = (poolId: string, name: string): string => `${poolId}/${name}`;

/** The payout's id names its saga: starting it twice finds the one that runs. */
export const payoutWorkflowId = (poolId: string, payoutId: string): string =>
  within(poolId, `payout/${payoutId}`);
/** A person's order is carried out by a workflow of its own. */
export const orderWorkflowId = (poolId: string, orderId: string): string =>
  within(poolId, `order/${orderId}`);
export const syncWorkflowId = (poolId: string, sourceId: string): string =>
  within(poolId, `sync/${sourceId}`);
/**
 * The workflows of which a pool has one at a time; a schedule is called as the workflow that it starts.
 * Rebuild and restore share `history`.
 */
export type SingleWorkflow =
  | 'payout-round'
  | 'sweep'
  | 'audit'
  | 'recheck'
  | 'reconcile'
  | 'sentinel'
  | 'archive'
  | 'archive-verify'
  | 'history';
export const singleWorkflowId = (poolId: string, name: SingleWorkflow): string =>
  within(poolId, name);

/** Whose it is, on every workflow and schedule. */
export const poolIdKey = defineSearchAttributeKey('PoolId', SearchAttributeType.KEYWORD);

/** Search attributes of a payout saga; registered with these types when a worker starts. */
export const payoutStateKey = defineSearchAttributeKey('PayoutState', SearchAttributeType.KEYWORD);
export const payeeKey = defineSearchAttributeKey('Payee', SearchAttributeType.KEYWORD);
export const txHashKey = defineSearchAttributeKey('TxHash', SearchAttributeType.KEYWORD);
export const nonceKey = defineSearchAttributeKey('Nonce', SearchAttributeType.INT);
export const amountWeiKey = defineSearchAttributeKey('AmountWei', SearchAttributeType.KEYWORD);
export const waitCodeKey = defineSearchAttributeKey('WaitCode', SearchAttributeType.KEYWORD);
export const SEARCH_ATTRIBUTES = [
  poolIdKey,
  payoutStateKey,
  payeeKey,
  txHashKey,
  nonceKey,
  amountWeiKey,
  waitCodeKey,
];

export interface SyncInput extends PoolInput {
  readonly sourceId: string;
}

export interface PayoutInput extends PoolInput {
  readonly payoutId: string;
}

export interface AuditInput extends PoolInput {
  /** The whole: every closed piece of the ledger, every payout and every raw event. Slow with years of them. */
  readonly withEvents: boolean;
}

/** An order of a person: what it says stands in the ledger, and nowhere else. */
export interface OrderInput extends PoolInput {
  readonly orderId: string;
}

export interface AdoptionReport {
  readonly applied: boolean;
  /** Everything that the wallet has sent is accounted for. */
  readonly complete: boolean;
  /** What has to happen before it is complete. */
  readonly waiting: string | null;
  readonly findings: readonly {
    readonly nonce: number;
    readonly hash: string;
    readonly to: string | null;
    readonly valueWei: string;
    readonly payoutId: string | null;
    readonly verdict: 'ours' | 'payment' | 'pays-nobody' | 'unclear';
    readonly words: string;
  }[];
}

export interface RepairReport {
  readonly applied: boolean;
  readonly words: string;
}

export interface ReconciliationInput extends PoolInput {
  /** From the wallet's opening instead of the last interval that added up. */
  readonly fromOpening: boolean;
}

/** opening + in − out − gas = balance at the end of `toBlock`, all in wei. */
export interface ReconciliationReport {
  readonly ok: boolean;
  readonly fromBlock: number;
  readonly toBlock: number;
  readonly fromNonce: number;
  readonly toNonce: number;
  readonly openingWei: string;
  readonly balanceWei: string;
  readonly inWei: string;
  readonly outWei: string;
  readonly gasWei: string;
  readonly findings: readonly { readonly code: string; readonly message: string }[];
}

/** What one look of the sentinel changed, and what is open after it. */
export interface SentinelReport {
  readonly sources: number;
  readonly opened: number;
  /** Acknowledged before, and worse since. */
  readonly worse: number;
  readonly resolved: number;
  readonly open: number;
  /** At most 50 of the open ones. */
  readonly findings: readonly {
    readonly code: string;
    readonly sourceId: string;
    readonly words: string;
  }[];
}

export interface RebuildReport {
  readonly id: string;
  /** Nothing differs, or all of it was corrected. */
  readonly ok: boolean;
  readonly events: number;
  /** Of these, in files. */
  readonly archivedEvents: number;
  readonly tookMs: number;
  /** The first of each kind. */
  readonly findings: readonly { readonly code: string; readonly message: string }[];
  readonly findingsTotal: number;
  readonly applied: boolean;
  readonly corrections: {
    readonly postings: number;
    readonly figures: number;
    readonly counts: number;
    readonly rows: number;
  } | null;
  readonly schema: string | null;
}

export interface ArchiveReport {
  readonly archived: readonly {
    readonly month: string;
    readonly file: string;
    readonly rows: number;
    readonly bytes: number;
  }[];
  /** So many postings fewer stand in the ledger now; what they come to is what it was. */
  readonly compactedPostings: number;
  /** Why the next month that is old enough stays for now. */
  readonly waiting: string | null;
}

export interface VerifyReport {
  readonly files: number;
  readonly findings: readonly { readonly code: string; readonly message: string }[];
}

export interface RestoreReport {
  readonly rows: number;
}

/** What became of paid transfers that were not final yet. */
export interface RecheckReport {
  readonly final: number;
  readonly moved: number;
  readonly reopened: number;
}

export interface ManualPayoutResult {
  readonly payoutId: string;
  readonly workflowId: string;
  readonly amountWei: string;
  /** False when an open payout of this payee was found and joined. */
  readonly created: boolean;
}

/** What a saga answers when asked how it stands. */
export interface PayoutStatus {
  readonly payoutId: string;
  readonly state: PayoutState;
  readonly nonce: number | null;
  readonly txHash: string | null;
  readonly wait: Wait | null;
}

export const payoutStatusQuery = defineQuery<PayoutStatus>('status');

/** Tells a saga that its payout stands differently in Postgres: it says nothing more, and moves nothing. */
export const pokeSignal = defineSignal('poke');
