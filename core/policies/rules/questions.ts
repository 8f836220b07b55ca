/** What a policy is asked about, and what it may answer. A policy answers with rates and verdicts, and never with amounts. */
import type { Address } from '../../base/address.js';
import type { NodeType } from '../../base/remote-worker.js';

/** What was earned on one UTC day that is over. */
export interface DayFigures {
  /** `YYYY-MM-DD` */
  readonly day: string;
  readonly jobs: number;
  readonly computeUnits: bigint;
  readonly grossWei: bigint;
  /** The share of the day on which a worker of the payee was connected, 0 to 10 000; null: nobody looked. */
  readonly onlineShareBps: number | null;
}

/** Whom a policy is asked about. Everything in it is frozen. */
export interface PolicyWorker {
  /** The payee's address, in lower case. */
  readonly address: Address;
  /** Rates are asked for each remote worker. The other questions are about the payee, and have null here. */
  readonly nodeType: NodeType | null;
  readonly region: string | null;
  /** When the pool first heard of it, ISO 8601; null: it never did. */
  readonly firstSeenAt: string | null;
  readonly nickname: string | null;
  readonly isInvited: boolean;
  /** The figures below are of the days before this one, `YYYY-MM-DD`. A policy may be asked for a later time than that. */
  readonly daysBefore: string;
  /** The days among the last ninety on which it worked, the newest first. */
  readonly lastDays: readonly DayFigures[];
  /** The same for all remote workers of the payee together. */
  readonly payeeDays: readonly DayFigures[];
}

/** What a payee is owed, and when it was paid. */
export interface PolicyStanding extends PolicyWorker {
  readonly pendingWei: bigint;
  /** Since when its pending amount has been at its own threshold, ISO 8601; null: it is below, or all of it is under way. */
  readonly dueSince: string | null;
  /** ISO 8601; null: never. */
  readonly lastPaidAt: string | null;
  /** The worst state in which any of its workers is for any pipeline and model; good when none was judged. */
  readonly state: WorkerState;
}

/** What a worker did lately for one pipeline and model. */
export interface RankStats extends PolicyWorker {
  readonly pipeline: string;
  readonly model: string;
  readonly state: WorkerState;
  /** When it came into this state, ISO 8601; null: it never had another one. */
  readonly since: string | null;
  readonly hour: RankWindow;
  readonly day: RankWindow;
  readonly week: RankWindow;
}

/** The facts of a window. Each is null when there were too few samples to say. */
export interface RankWindow {
  readonly jobs: number;
  /** Seconds of media for each second of work, in thousandths: 2 000 is twice as fast as real time. */
  readonly realTimeRatioPermille: number | null;
  readonly responseMedianMs: number | null;
  readonly successBps: number | null;
  readonly onlineShareBps: number | null;
}

export const WORKER_STATES = ['good', 'warned', 'probation', 'excluded'] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/** Shares are in basis points, 0 to 10 000. */
export interface TermsAnswer {
  readonly commissionBps: number;
  /** The share of the fee that the pool gives back out of its commission, at most the commission. Absent: none. */
  readonly bonusBps?: number | undefined;
  readonly reason: string;
  /** ISO 8601: the answer holds before this moment, and for the moment itself the policy is asked again. */
  readonly until?: string | undefined;
}

/** What is absent is as the pool's terms say. */
export interface DueAnswer {
  readonly thresholdWei?: bigint | undefined;
  readonly minIntervalMs?: number | undefined;
  /** A payout waits while its gas would cost more than this share of it. */
  readonly maxGasShareBps?: number | undefined;
  /** After this time it is paid although it is below the threshold or its gas is dear; null: never. */
  readonly latestAfterMs?: number | null | undefined;
  /** Why nothing is paid for now; null: nothing holds it. */
  readonly hold?: string | null | undefined;
  readonly reason: string;
}

export const LIFTERS = ['you', 'pool', 'nobody'] as const;
export type Lifter = (typeof LIFTERS)[number];

/** Fees of a payee that is not admitted are kept, and are payable when it is. */
export type AdmitAnswer =
  | { readonly admitted: true }
  | {
      readonly admitted: false;
      /** Capitals, digits and underscores, such as NOT_INVITED. */
      readonly code: string;
      readonly reason: string;
      /** Who can change that. */
      readonly liftedBy: Lifter;
    };

export interface RankAnswer {
  readonly state: WorkerState;
  readonly reason: string;
  /** What lifts the state, in words; null for a good one. */
  readonly lifts: string | null;
}

export interface ShowAnswer {
  readonly nickname?: string | undefined;
  readonly tier?: string | undefined;
  readonly badge?: string | undefined;
}
