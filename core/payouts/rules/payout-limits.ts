/** The operator's limits on what leaves the wallet. They delay a payout but never end one. */
import type { Wait } from './payout.js';
import {
  amountAboveDay,
  dayUsedUp,
  gasShareAboveCap,
  type PayoutGas,
  payoutAboveCap,
} from './waits.js';

export interface PayoutLimits {
  /** The limit on a single payout; a larger one waits until an operator approves it. */
  readonly maxPayoutWei: bigint;
  /** The limit on what may leave the wallet within 24 hours; no approval lifts it. */
  readonly maxPaidPerDayWei: bigint;
  /** Gas may cost at most this share of a payout's amount, in basis points. */
  readonly maxGasShareBps: number;
}

/** The amount that counts against the limit of the day, and when it next falls. */
export interface DayUse {
  /** The sum of payouts that are signed and not settled, or were settled in the last 24 hours. */
  readonly usedWei: bigint;
  /** The time at which the oldest settled payout stops counting; null when none is settled. */
  readonly nextFreeAt: Date | null;
}

export interface LimitedPayout extends PayoutGas {
  /** True when an operator has approved its amount and the cost of its gas. */
  readonly isApproved: boolean;
}

const BPS_SCALE = 10_000n;

/**
 * Says why a payout is not signed now; undefined when it is within all limits. A cost or an amount that equals its
 * limit is still within it.
 */
export function limitWait(
  payout: LimitedPayout,
  limits: PayoutLimits,
  day: DayUse,
): Wait | undefined {
  return (
    amountWait(payout, limits) ??
    (payout.isApproved ? undefined : gasShareWait(payout, limits)) ??
    dayWait(payout.amountWei, limits, day)
  );
}

/** Says why a payout that nobody has approved is not signed at this cost; undefined when its gas is within its share. */
export function gasShareWait(
  payout: PayoutGas,
  { maxGasShareBps }: PayoutLimits,
): Wait | undefined {
  const { amountWei, gasCostWei, burntGasWei } = payout;
  const share = amountWei * BigInt(maxGasShareBps);
  if ((burntGasWei + gasCostWei) * BPS_SCALE <= share) return undefined;
  const fitsWithCheaperGas = burntGasWei * BPS_SCALE < share;
  return gasShareAboveCap(payout, { maxGasShareBps, fitsWithCheaperGas });
}

/** Says why a payout of this amount is not signed without an approval; undefined when it needs none. */
export function amountWait(
  payout: Pick<LimitedPayout, 'id' | 'amountWei' | 'isApproved'>,
  limits: PayoutLimits,
): Wait | undefined {
  const { id, amountWei, isApproved } = payout;
  if (isApproved || !isAboveCap(amountWei, limits)) return undefined;
  return payoutAboveCap(id, amountWei, limits.maxPayoutWei);
}

export function isAboveCap(amountWei: bigint, limits: PayoutLimits): boolean {
  return amountWei > limits.maxPayoutWei;
}

/** Says why this amount does not fit into what is left of the day's limit; undefined when it does. */
export function dayWait(amountWei: bigint, limits: PayoutLimits, day: DayUse): Wait | undefined {
  const { maxPaidPerDayWei } = limits;
  if (day.usedWei + amountWei <= maxPaidPerDayWei) return undefined;
  if (amountWei > maxPaidPerDayWei) return amountAboveDay(amountWei, maxPaidPerDayWei);
  return dayUsedUp(amountWei, maxPaidPerDayWei, day);
}
