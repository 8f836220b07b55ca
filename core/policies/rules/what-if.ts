/** What other terms change: the values of the dated terms, and what follows for payees and for the pool. */
import type { Address } from '../../base/address.js';
import { samePolicy } from '../../terms/rules/policy-terms.js';
import type { TermsValues, TermsVersion } from '../../terms/rules/terms.js';

/**
 * Makes the terms that would have held: each value that differs from the terms in force takes the place of that value in every
 * version, and the others stay as they were at each time. So the terms in force change nothing.
 */
export function withOtherTerms(
  versions: readonly TermsVersion[],
  inForce: TermsValues,
  other: TermsValues,
): readonly TermsVersion[] {
  return versions.map((version) => ({ ...version, ...changesOf(inForce, other) }));
}

function changesOf(inForce: TermsValues, other: TermsValues): Partial<TermsValues> {
  const keys = ['commissionBps', 'rounding', 'thresholdWei', 'minIntervalMs'] as const;
  const { policy = null } = other;
  return {
    ...Object.fromEntries(
      keys.filter((key) => inForce[key] !== other[key]).map((key) => [key, other[key]]),
    ),
    ...(samePolicy(inForce.policy, policy) ? {} : { policy }),
  };
}

/** What the jobs of a payee came to, and how they were split and would have been. */
export interface Split {
  readonly jobs: number;
  readonly grossWei: bigint;
  readonly commissionBeforeWei: bigint;
  readonly commissionAfterWei: bigint;
  /** The bonus that the rates promise, at most: without its budget, its limits and its condition. */
  readonly bonusBeforeWei: bigint;
  readonly bonusAfterWei: bigint;
}

export interface PayeeSplit extends Split {
  readonly payee: Address;
}

export const NOTHING_SPLIT: Split = {
  jobs: 0,
  grossWei: 0n,
  commissionBeforeWei: 0n,
  commissionAfterWei: 0n,
  bonusBeforeWei: 0n,
  bonusAfterWei: 0n,
};

export function addSplits(all: readonly Split[]): Split {
  return all.reduce<Split>(
    (sum, one) => ({
      jobs: sum.jobs + one.jobs,
      grossWei: sum.grossWei + one.grossWei,
      commissionBeforeWei: sum.commissionBeforeWei + one.commissionBeforeWei,
      commissionAfterWei: sum.commissionAfterWei + one.commissionAfterWei,
      bonusBeforeWei: sum.bonusBeforeWei + one.bonusBeforeWei,
      bonusAfterWei: sum.bonusAfterWei + one.bonusAfterWei,
    }),
    NOTHING_SPLIT,
  );
}

/** What is left for the pool, and what the payees get. What the pool loses the payees gain, to the wei. */
export function sharesOf(split: Split) {
  const marginBeforeWei = split.commissionBeforeWei - split.bonusBeforeWei;
  const marginAfterWei = split.commissionAfterWei - split.bonusAfterWei;
  return {
    marginBeforeWei,
    marginAfterWei,
    netBeforeWei: split.grossWei - marginBeforeWei,
    netAfterWei: split.grossWei - marginAfterWei,
    /** Positive: the payee gains. */
    changeWei: marginBeforeWei - marginAfterWei,
  };
}
