/** What others may know of the workflows. API, command line and activities import nothing else from this folder. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { PayoutState, Wait } from '../core/payouts/rules/payout.js';

/**
 * The input of every workflow. Two pools may share a Temporal namespace, so every id begins with the pool's id, and an
 * activity refuses an input with another pool's id than its worker's.
 */
export interface PoolInput {
  readonly poolId: string;
}

/** An activity's input without the pool's id, which the worker has compared (`worker/temporal/pool-guard.ts`). */
export type Unscoped<Input extends PoolInput> = Omit<Input, 'poolId'>;

/**
 * The lanes: each has its own task queue and slots, so that its work never waits behind other work. The pool's main
 * queue has all workflows except sagas, and the scheduled activities: rounds, sweeps, audits, the sentinel.
 *
 * - payouts: the sagas.
 * - orders: what people ask for.
 * - sync: reading sources.
 * - backfill: reading a source again, which may take days.
 * - long: rebuild, archive, reconciliation, the full audit.
 * - notices: telling people, whose receivers may be slow or away.
 */
export const LANES = ['payouts', 'orders', 'sync', 'backfill', 'long', 'notices'] as const;
export type Lane = (typeof LANES)[number];

export const taskQueueOf = (poolId: string): string => `openpool/${poolId}`;
export const laneQueue = (mainQueue: string, lane: Lane): string => `${mainQueue}/${lane}`;

/** The id of a payout's saga. It derives from the payout's id, so starting the saga again finds the one that runs. */
export const payoutWorkflowId = (poolId: string, payoutId: string): string =>
  `${poolId}/payout/${payoutId}`;
/** The id of the workflow that carries out one order of a person. */
export const orderWorkflowId = (poolId: string, orderId: string): string =>
  `${poolId}/order/${orderId}`;
/** The id of a source's backfill. All backfills of a source share it, so only one runs at a time. */
export const backfillWorkflowId = (poolId: string, sourceId: string): string =>
  `${poolId}/backfill/${sourceId}`;
export const syncWorkflowId = (poolId: string, sourceId: string): string =>
  `${poolId}/sync/${sourceId}`;
/** The id of the workflow that delivers notices to one target. Only one runs at a time for each target. */
export const noticesWorkflowId = (poolId: string, targetId: string): string =>
  `${poolId}/notices/${targetId}`;
/** Workflows that a pool runs once at a time; schedules have the same ids. Rebuild and restore share `history`. */
export type SingleWorkflow =
  | 'payout-round'
  | 'sweep'
  | 'audit'
  | 'recheck'
  | 'reconcile'
  | 'sentinel'
  | 'shadow'
  | 'guard'
  | 'archive'
  | 'archive-verify'
  | 'notices'
  | 'policies'
  | 'revenue'
  | 'history';
export const singleWorkflowId = (poolId: string, name: SingleWorkflow): string =>
  `${poolId}/${name}`;

/** The search attribute with the pool's id; every workflow and schedule carries it. */
export const poolIdKey = defineSearchAttributeKey('PoolId', SearchAttributeType.KEYWORD);

/** The search attributes of a payout saga. A worker registers them with these types when it starts. */
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

export interface NoticesInput extends PoolInput {
  readonly targetId: string;
}

export interface PayoutInput extends PoolInput {
  readonly payoutId: string;
}

export interface RoundInput extends PoolInput {
  readonly roundId: string;
  readonly workflowId: string;
}

export interface ReservedRound {
  readonly payouts: number;
  readonly reservedWei: string;
  /** The payees for whom no payout could be reserved, with the reason. */
  readonly leftOut: readonly { readonly payee: string; readonly words: string }[];
}

/** What a round reserved that a person ordered. */
export interface OrderedRound extends ReservedRound {
  readonly roundId: string;
}

/** Which payouts get a saga: all of a round, or a single one. */
export type SagasInput = PoolInput & ({ readonly roundId: string } | { readonly payoutId: string });

export interface AuditInput extends PoolInput {
  /** True: a full audit of all closed pieces, payouts and raw events; slow when there are years of them. */
  readonly withEvents: boolean;
}

/** The id of a person's order. Its content is in the ledger and nowhere else. */
export interface OrderInput extends PoolInput {
  readonly orderId: string;
}

export interface ReconciliationInput extends PoolInput {
  /** True: compares from the wallet's opening on, instead of from the end of the last interval that added up. */
  readonly fromOpening: boolean;
}

export interface ManualPayoutResult {
  readonly payoutId: string;
  readonly workflowId: string;
  readonly amountWei: string;
  /** False when this payee already had an open payout: that one is returned, and no new one is made. */
  readonly created: boolean;
}

export interface StuckSaga {
  readonly payoutId: string;
  readonly workflowId: string;
  /** The error with which its workflow task fails, without secrets and on one line. */
  readonly failure: string;
}

export interface SweepReport {
  readonly started: number;
  /** How many sagas were told that their payouts had ended, because they were still running. */
  readonly told: number;
  readonly stuck: readonly StuckSaga[];
}

/** A saga's answer to the query `status`. */
export interface PayoutStatus {
  readonly payoutId: string;
  readonly state: PayoutState;
  readonly nonce: number | null;
  readonly txHash: string | null;
  readonly wait: Wait | null;
}

export const payoutStatusQuery = defineQuery<PayoutStatus>('status');

/** The signal for "your payout changed in Postgres", sent to a saga. It carries no data and changes nothing itself. */
export const pokeSignal = defineSignal('poke');
