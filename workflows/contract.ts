/**
 * What the outside may know of the workflows: names, ids, messages, attributes. The API, the CLI and
 * the activities import this file and nothing else from here.
 */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { PayoutState, Wait } from '../domain/payout.js';

export const TASK_QUEUE = 'openpool';

/** The payout's id names its saga: starting it twice finds the one that runs. */
export const payoutWorkflowId = (payoutId: string): string => `payout/${payoutId}`;
/** One manual payout per payee at a time; the second caller joins the first. */
export const manualPayoutWorkflowId = (payee: string): string => `manual-payout/${payee}`;
export const syncWorkflowId = (sourceId: string): string => `sync/${sourceId}`;
export const ROUND_WORKFLOW_ID = 'payout-round';
export const SWEEP_WORKFLOW_ID = 'sweep';
export const AUDIT_WORKFLOW_ID = 'audit';
export const RECHECK_WORKFLOW_ID = 'recheck';
export const RECONCILE_WORKFLOW_ID = 'reconcile';
export const SENTINEL_WORKFLOW_ID = 'sentinel';
export const ARCHIVE_WORKFLOW_ID = 'archive';
export const ARCHIVE_VERIFY_WORKFLOW_ID = 'archive-verify';
/** Rebuild and restore share it: the history is in the hands of one person's work at a time. */
export const HISTORY_WORKFLOW_ID = 'history';
/** One repair of a thing at a time; the second caller joins the first. */
export const repairWorkflowId = (subject: string): string => `repair/${subject}`;

/** Schedule ids: `sync/<source>` and those of the pool. */
export const syncScheduleId = (sourceId: string): string => `sync/${sourceId}`;
export const ROUND_SCHEDULE_ID = 'payout-round';
export const SWEEP_SCHEDULE_ID = 'sweep';
export const AUDIT_SCHEDULE_ID = 'audit';
export const RECHECK_SCHEDULE_ID = 'recheck';
export const RECONCILE_SCHEDULE_ID = 'reconcile';
export const SENTINEL_SCHEDULE_ID = 'sentinel';
export const ARCHIVE_SCHEDULE_ID = 'archive';

/** Search attributes of a payout saga; registered with these types when a worker starts. */
export const payoutStateKey = defineSearchAttributeKey('PayoutState', SearchAttributeType.KEYWORD);
export const payeeKey = defineSearchAttributeKey('Payee', SearchAttributeType.KEYWORD);
export const txHashKey = defineSearchAttributeKey('TxHash', SearchAttributeType.KEYWORD);
export const nonceKey = defineSearchAttributeKey('Nonce', SearchAttributeType.INT);
export const amountWeiKey = defineSearchAttributeKey('AmountWei', SearchAttributeType.KEYWORD);
export const waitCodeKey = defineSearchAttributeKey('WaitCode', SearchAttributeType.KEYWORD);
export const SEARCH_ATTRIBUTES = [
  payoutStateKey,
  payeeKey,
  txHashKey,
  nonceKey,
  amountWeiKey,
  waitCodeKey,
];

export interface SyncInput {
  readonly sourceId: string;
}

export interface PayoutInput {
  readonly payoutId: string;
}

export interface AuditInput {
  /** Also sums up every raw event: thorough, and slow with years of them. */
  readonly withEvents: boolean;
}

/** A repair by a person: who, why, and whether it only shows what it would do. */
export interface RepairInput {
  readonly dryRun: boolean;
  readonly actor: string;
  readonly reason: string;
}

export interface AdoptionInput extends RepairInput {
  /** Calls that a person has looked at: they paid nobody of this pool. */
  readonly vouchedHashes: readonly string[];
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

/** Gives a payout's amount back to pending, where nothing can pay it any more. */
export interface ReleaseInput extends RepairInput {
  readonly payoutId: string;
}

/** Books a payment that somebody made for the pool outside of it. */
export interface PaidElsewhereInput extends RepairInput {
  readonly payoutId: string;
  readonly txHash: string;
}

export interface RepairReport {
  readonly applied: boolean;
  readonly words: string;
}

export interface ReconciliationInput {
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

/** Balances again from the raw events; `apply` corrects what differs. */
export interface RebuildInput {
  readonly apply: boolean;
  /** Also correct what was paid out already: the payee then earns off its debt. */
  readonly allowDebt: boolean;
  /** Leave the scratch schema behind. */
  readonly keep: boolean;
  readonly actor: string;
  readonly reason: string;
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
  /** Why the next month that is old enough stays for now. */
  readonly waiting: string | null;
}

export interface VerifyReport {
  readonly files: number;
  readonly findings: readonly { readonly code: string; readonly message: string }[];
}

export interface RestoreInput {
  /** `2025-03`. */
  readonly month: string;
  readonly actor: string;
  readonly reason: string;
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

export interface ManualPayoutInput {
  /** Lower-case address. */
  readonly payee: string;
  /** Pay even when less than the threshold is pending. */
  readonly belowThreshold: boolean;
  /** Who asked, for the audit log: `api`, `cli`. */
  readonly actor: string;
  readonly reason: string;
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

/** An operator's message to a running saga: who says it and why, both kept. */
export interface OperatorMessage {
  readonly actor: string;
  readonly reason: string;
}

/** What the saga answers: the state after the message took effect, in words. */
export interface OperatorAnswer {
  readonly state: PayoutState;
  readonly words: string;
}

export const holdUpdate = defineUpdate<OperatorAnswer, [OperatorMessage]>('hold');
export const resumeUpdate = defineUpdate<OperatorAnswer, [OperatorMessage]>('resume');
export const approveUpdate = defineUpdate<OperatorAnswer, [OperatorMessage]>('approve');
export const bumpUpdate = defineUpdate<OperatorAnswer, [OperatorMessage]>('bump');
export const cancelUpdate = defineUpdate<OperatorAnswer, [OperatorMessage]>('cancel');

/** Tells a waiting saga to look again now instead of at its next turn. */
export const pokeSignal = defineSignal('poke');
