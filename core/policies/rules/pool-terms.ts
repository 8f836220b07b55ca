/** The `terms` section of a pool's file: what the built-in policy needs to answer. Everything in it is optional there. */
import type { Address } from '../../base/address.js';

/** What a tier or a worker may have of its own. What is absent is as the pool's default. */
export interface OwnTerms {
  readonly commissionBps?: number | undefined;
  readonly payoutThresholdWei?: bigint | undefined;
  readonly minPayoutIntervalMs?: number | undefined;
}

export interface TierTerms extends OwnTerms {
  readonly name: string;
  /** A payee is in the tier when its workers did this many jobs on the last days, which `withinMs` counts. */
  readonly fromJobs: number;
  readonly withinMs: number;
  readonly badge?: string | undefined;
}

export interface WorkerTerms extends OwnTerms {
  readonly nickname?: string | undefined;
  /** The tier that the worker is in, whatever it did. */
  readonly tier?: string | undefined;
}

export interface Promotion {
  readonly name: string;
  readonly from: Date;
  /** The first moment at which the promotion is over. */
  readonly until: Date;
  readonly commissionBps: number;
  /** All workers, those of a tier, or these payees. */
  readonly for: string | readonly Address[];
}

export interface BonusTerms {
  /** The share of a fee that is given back out of the commission. */
  readonly shareBps: number;
  /** Only days on which the worker was connected this long count. */
  readonly minOnlineBps: number;
  /** All bonuses together, from the first day on. */
  readonly budgetWei: bigint;
  readonly capPerWorkerPerDayWei?: bigint | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
}

/** In place of a fee for each job, workers share what the pool's tickets bring on chain. */
export interface RevenueShare {
  /** The share of what is redeemed that goes to the workers. */
  readonly shareBps: number;
  /** What was redeemed within this time is divided at once, by the work done within it. Whole days. */
  readonly everyMs: number;
}

export interface PayoutRules {
  readonly maxGasShareBps?: number | undefined;
  readonly latestAfterMs?: number | undefined;
}

/** Between these a threshold must be that is no default of the pool: a worker's, a tier's, a policy's or a payee's own. */
export interface ThresholdBounds {
  readonly leastWei: bigint;
  readonly mostWei: bigint;
}

/** What a worker may claim of another asset for the ETH that it earned. This program shows it and pays none of it. */
export interface ClaimTerms {
  readonly asset: string;
  /** How much of the asset for one ETH: a decimal number, with at most `decimals` digits after the point. */
  readonly perEth: string;
  /** How many digits the asset has after the point. */
  readonly decimals: number;
  /** The first UTC day that counts, as its midnight. */
  readonly from: Date;
  /** The first UTC day that counts no more, as its midnight. */
  readonly until?: Date | undefined;
}

export interface PoolTerms {
  readonly tiers: readonly TierTerms[];
  readonly workers: Readonly<Record<string, WorkerTerms>>;
  readonly promotions: readonly Promotion[];
  readonly bonus?: BonusTerms | undefined;
  /** Absent when there are none: what is in the file is told apart by its text, and older files have no such key. */
  readonly claims?: readonly ClaimTerms[] | undefined;
  readonly revenueShare?: RevenueShare | undefined;
  readonly admission: 'open' | 'invited';
  readonly payout: PayoutRules;
  readonly thresholdBounds: ThresholdBounds;
}

/** The terms of a pool whose file says nothing of its own. */
export const PLAIN_TERMS: PoolTerms = {
  tiers: [],
  workers: {},
  promotions: [],
  admission: 'open',
  payout: {},
  thresholdBounds: { leastWei: 10n ** 15n, mostWei: 10n ** 18n },
};

/** The pool's defaults, which belong to the dated terms. */
export interface TermsDefaults {
  readonly commissionBps: number;
}

/** The options of the built-in policy. */
export interface BuiltInOptions extends PoolTerms {
  readonly defaults: TermsDefaults;
}

/** A value as JSON has it: amounts are decimal strings, times ISO 8601. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Makes JSON of options: amounts become decimal strings, times ISO 8601; keys are sorted, so that equal options have equal texts. */
export function toJson(value: unknown): Json {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, inner]) => [key, toJson(inner)]));
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  return null;
}
