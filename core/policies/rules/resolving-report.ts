/** What came of asking the policy. */
import type { Address } from '../../base/address.js';

/** What is wrong with one function of the policy, or, about `load`, with all of it. */
export interface PolicyFailure {
  readonly about: string;
  readonly policy: string;
  readonly policyVersion: string;
  /** The first payee for whom it failed; null: nobody in particular. */
  readonly payee: Address | null;
  readonly payees: number;
  readonly wrong: string;
}

/** What one asking of the policy came to; it travels through Temporal as JSON. */
export interface ResolvingReport {
  /** About how many payees and remote workers it was asked. */
  readonly payees: number;
  readonly workers: number;
  /** How many rows its answers made: of rates, of payout rules, of admissions, of looks. */
  readonly rates: number;
  readonly rules: number;
  readonly admissions: number;
  readonly looks: number;
  readonly failures: readonly PolicyFailure[];
}

/** What booking bonuses came to. */
export interface BonusReport {
  /** How many were booked. */
  readonly bonuses: number;
  /** What was due and could not be booked, because the budget is spent; decimal wei. */
  readonly bonusShortWei: string;
}

export interface PoliciesReport extends ResolvingReport, BonusReport {}
