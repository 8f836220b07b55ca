/**
 * What the pool's policy has said about a payee: when it is paid, and whether it is admitted at all. Each answer has a
 * date, stands in the ledger, and holds until the next one.
 */

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
