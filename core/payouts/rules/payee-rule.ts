/**
 * What the pool's policy has said about a payee: when it is paid, and whether it is admitted at all. Each answer has a
 * date, stands in the ledger, and holds until the next one. Together with the payee's own wishes it makes its terms.
 */
import { largerWei, smallerWei } from '../../base/money.js';

/** Who can change a verdict against a payee: the payee itself, whoever runs the pool, or nobody. */
export const LIFTERS = ['you', 'pool', 'nobody'] as const;
export type Lifter = (typeof LIFTERS)[number];

/** When a payee is paid. A value that is null is that of the terms, or of the pool's limits. */
export interface PayeeRule {
  readonly thresholdWei: bigint | null;
  readonly minIntervalMs: number | null;
  /** Gas may cost at most this share of the amount, in basis points; never more than `pool.maxGasShare`. */
  readonly maxGasShareBps: number | null;
  /** This long after the pending amount reached the threshold, `maxGasShareBps` no longer holds the payee back. */
  readonly latestAfterMs: number | null;
  /** Why nothing is paid to the payee for now; null when it is paid. */
  readonly holdReason: string | null;
  readonly reason: string;
}

/** Whether the policy admits a payee. What somebody earns who is not admitted is kept and not payable. */
export type Admission =
  | { readonly admitted: true; readonly reason: string }
  | {
      readonly admitted: false;
      /** Such as NOT_INVITED; an invitation lifts that one at once. */
      readonly code: string;
      readonly reason: string;
      readonly liftedBy: Lifter;
    };

/** The code of a payee that a pool for invited workers only does not admit. */
export const NOT_INVITED = 'NOT_INVITED';

/** The rule of a payee about which no policy has said anything: it is paid as the terms say. */
export const NO_RULE: PayeeRule = {
  thresholdWei: null,
  minIntervalMs: null,
  maxGasShareBps: null,
  latestAfterMs: null,
  holdReason: null,
  reason: '',
};

const ADMITTED: Admission = { admitted: true, reason: 'the pool admits everybody' };

/** An answer of the policy about an admission, and whether the payee was invited when it was given. */
export type SaidAdmission = Admission & { readonly invited: boolean };

/**
 * Decides whether a payee is admitted now. The policy is asked at times, so an invitation and its end would come late:
 * an invitation lifts NOT_INVITED at once, and whoever was admitted with one is not admitted without it until the
 * policy has been asked again.
 *
 * @param said the answer in force; null when the policy has said nothing
 */
export function admissionNow(said: SaidAdmission | null, isInvited: boolean): Admission {
  if (said === null) return ADMITTED;
  if (isInvited && !said.admitted && said.code === NOT_INVITED) {
    return { admitted: true, reason: 'it is invited' };
  }
  if (isInvited || !said.admitted || !said.invited) return said;
  const reason = 'its invitation was withdrawn, and the policy has not been asked since';
  return { admitted: false, code: NOT_INVITED, reason, liftedBy: 'pool' };
}

/** What the payee itself wishes, as it signed it. */
export interface OwnWishes {
  /** Null: as the policy and the terms say. */
  readonly thresholdWei: bigint | null;
  /** Since when it wants no payouts; null: it wants them. */
  readonly pausedSince: Date | null;
}

/** Everything that is known of a payee besides its money: what the policy says, and what it wishes itself. */
export interface PayeeVerdicts {
  readonly rule: PayeeRule;
  readonly admission: Admission;
  readonly wishes: OwnWishes;
}

/** The verdicts about a payee of which the policy has said nothing, and which wishes nothing. */
export const NO_VERDICTS: PayeeVerdicts = {
  rule: NO_RULE,
  admission: ADMITTED,
  wishes: { thresholdWei: null, pausedSince: null },
};

/** Between these, both included, a payee may choose its own threshold. */
export interface ThresholdBounds {
  readonly leastWei: bigint;
  readonly mostWei: bigint;
}

/** The terms of payouts for everybody. */
export interface PayoutTerms {
  readonly thresholdWei: bigint;
  readonly minIntervalMs: number;
}

/** The terms of payouts for one payee. */
export interface PayeeTerms extends PayoutTerms {
  /** Null: only the pool's own limit counts. */
  readonly maxGasShareBps: number | null;
  readonly latestAfterMs: number | null;
}

/** Makes a payee's own terms. Its wish goes before the policy's threshold, within the bounds of today. */
export function termsOfPayee(
  { rule, wishes }: Pick<PayeeVerdicts, 'rule' | 'wishes'>,
  terms: PayoutTerms,
  { leastWei, mostWei }: ThresholdBounds,
): PayeeTerms {
  const { thresholdWei: wishedWei } = wishes;
  const { maxGasShareBps, latestAfterMs } = rule;
  return {
    thresholdWei:
      wishedWei === null
        ? (rule.thresholdWei ?? terms.thresholdWei)
        : smallerWei(largerWei(wishedWei, leastWei), mostWei),
    minIntervalMs: rule.minIntervalMs ?? terms.minIntervalMs,
    maxGasShareBps,
    latestAfterMs,
  };
}

/** When the gas share of a payee's terms ends to hold it back; null when it never does, or has nothing to hold back yet. */
export function latestAt(
  { latestAfterMs }: Pick<PayeeTerms, 'latestAfterMs'>,
  ripeSince: Date | null,
): Date | null {
  if (latestAfterMs === null || ripeSince === null) return null;
  return new Date(ripeSince.getTime() + latestAfterMs);
}
