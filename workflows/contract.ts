/**
 * Everything that other rooms may know of the workflows: ids, inputs, messages, search attributes. The API, the command
 * line and the activities import this file and nothing else from here.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { PayoutState, Wait } from '../core/payouts/rules/payout.js';

/**
 * Two pools may share a namespace, so every id in Temporal begins with the pool's id. Every input carries it too, and
 * an activity refuses to work for another pool than its worker's.
 */
export interface PoolInput {
  readonly poolId: string;
}

/** The input as an activity takes it: the worker has compared the pool's id before (`worker/temporal/pool-guard.ts`). */
export type Unscoped<Input extends PoolInput> = Omit<Input, 'poolId'>;

/**
 * The lanes: work that must not wait behind other work has a queue, and slots, of its own. The pool's main queue has all
 * workflows except sagas, and the activities that run by the clock: rounds, sweeps, audits, the sentinel.
 *
 * - payouts: the sagas.
 * - orders: what people ask for.
 * - sync: reading sources.
 * - backfill: reading a source again, for days.
 * - long: rebuild, archive, reconciliation, the whole audit.
 */
export const LANES = ['payouts', 'orders', 'sync', 'backfill', 'long'] as const;
export type Lane = (typeof LANES)[number];

export const taskQueueOf = (poolId: string): string => `openpool/${poolId}`;
export const laneQueue = (mainQueue: string, lane: Lane): string => `${mainQueue}/${lane}`;
const within = (poolId: string, name: string): string => `${poolId}/${name}`;

/** A payout's id names its saga, so starting it twice finds the one that runs. */
export const payoutWorkflowId = (poolId: string, payoutId: string): string =>
  within(poolId, `payout/${payoutId}`);
/** A person's order is carried out by a workflow of its own. */
export const orderWorkflowId = (poolId: string, orderId: string): string =>
  within(poolId, `order/${orderId}`);
/** One backfill of a source at a time. */
export const backfillWorkflowId = (poolId: string, sourceId: string): string =>
  within(poolId, `backfill/${sourceId}`);
export const syncWorkflowId = (poolId: string, sourceId: string): string =>
  within(poolId, `sync/${sourceId}`);
/**
 * The workflows of which a pool runs one at a time. A schedule has the id of the workflow that it starts. Rebuild and
 * restore share `history`.
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

/** The pool's id, on every workflow and schedule. */
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

export interface RoundInput extends PoolInput {
  readonly roundId: string;
  readonly workflowId: string;
}

export interface ReservedRound {
  readonly payouts: number;
  readonly reservedWei: string;
  /** Payees for whom nothing could be reserved, and why. */
  readonly leftOut: readonly { readonly payee: string; readonly words: string }[];
}

/** The payouts whose sagas are to start: those of a round, or a single one. */
export type SagasInput = PoolInput & ({ readonly roundId: string } | { readonly payoutId: string });

export interface AuditInput extends PoolInput {
  /** Audits everything: every closed piece of the ledger, every payout and every raw event. Slow with years of them. */
  readonly withEvents: boolean;
}

/** Names a person's order. What the order says stands in the ledger and nowhere else. */
export interface OrderInput extends PoolInput {
  readonly orderId: string;
}

export interface ReconciliationInput extends PoolInput {
  /** Begins at the wallet's opening, and not at the last interval that added up. */
  readonly fromOpening: boolean;
}

export interface ManualPayoutResult {
  readonly payoutId: string;
  readonly workflowId: string;
  readonly amountWei: string;
  /** False when an open payout of this payee was found and joined. */
  readonly created: boolean;
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

/** Tells a saga that its payout changed in Postgres. The signal carries nothing else and changes nothing itself. */
export const pokeSignal = defineSignal('poke');
