/** The operator's limits on what leaves the wallet. They hold a payout back; they never end one. */
import type { Wait } from './payout.js';
import { amountAboveDay, dayUsedUp, gasShareAboveCap, payoutAboveCap } from './waits.js';

export interface PayoutLimits {
  /** A larger payout waits until an operator approves it. */
  readonly maxPayoutWei: bigint;
  /** What may leave within 24 hours; nobody's approval lifts it. */
  readonly maxPaidPerDayWei: bigint;
  /** Gas may cost this share of a payout's amount, in basis points. */
  readonly maxGasShareBps: number;
}

/** What counts against the limit of the day. */
export interface DayUse {
  /** Signed and not settled, or settled in the last 24 hours. */
  readonly usedWei: bigint;
  /** When the oldest settled payout stops counting; null when none of them is settled. */
  readonly nextFreeAt: Date | null;
}

/** A payout as the limits see it. */
export interface LimitedPayout {
  readonly id: string;
  readonly amountWei: bigint;
  /** An operator has looked at its amount and at what its gas costs. */
  readonly isApproved: boolean;
  /** What its gas costs at the current price. */
  readonly gasCostWei: bigint;
  /** What failed transfers to its payee have cost since the payee was last paid. */
  readonly burntGasWei: bigint;
}

const BPS_SCALE = 10_000n;

/**
 * Says why a payout is not signed now; undefined when it is within all limits. Gas may cost exactly its share,
 * and an amount may be exactly its limit.
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
  payout: Omit<LimitedPayout, 'isApproved'>,
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

/** Whether a payout of this amount needs an operator's approval. */
export function isAboveCap(amountWei: bigint, limits: PayoutLimits): boolean {
  return amountWei > limits.maxPayoutWei;
}

/** Says why this amount does not fit the day; undefined when it does. */
export function dayWait(amountWei: bigint, limits: PayoutLimits, day: DayUse): Wait | undefined {
  const { maxPaidPerDayWei } = limits;
  if (day.usedWei + amountWei <= maxPaidPerDayWei) return undefined;
  if (amountWei > maxPaidPerDayWei) return amountAboveDay(amountWei, maxPaidPerDayWei);
  return dayUsedUp(amountWei, maxPaidPerDayWei, day);
}
