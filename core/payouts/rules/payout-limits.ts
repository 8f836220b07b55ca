/** The operator's limits on what leaves the wallet. They delay a payout but never end one. */
import { firstShut, type Gate } from './gates.js';
import type { ThresholdBounds } from './payee-rule.js';
import type { Wait, WaitCode } from './payout.js';
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
  readonly terms: { readonly thresholdBounds: ThresholdBounds };
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
  const shut = firstShut(limitGates(payout, limits, day));
  // Only code and reason: a wait travels through Temporal, whose JSON knows no bigint.
  return shut && { code: shut.code, reason: shut.reason };
}

/** Lists the gates between a reserved payout and its signature that the operator's limits are. */
export function limitGates(
  payout: LimitedPayout,
  limits: PayoutLimits,
  day: DayUse,
): readonly Gate<WaitCode>[] {
  const { amountWei, isApproved, gasCostWei, burntGasWei } = payout;
  const { maxPayoutWei, maxPaidPerDayWei } = limits;
  const approved = 'an operator has approved it';
  return [
    {
      ...verdict(amountWait(payout, limits), isApproved ? approved : 'it needs no approval'),
      name: 'amount',
      measured: { unit: 'wei', value: amountWei, limit: maxPayoutWei },
      opensByItself: false,
      opener: 'pool',
    },
    {
      ...verdict(dayWait(payout, limits, day), 'it fits into what may leave today'),
      name: 'day',
      measured: { unit: 'wei', value: day.usedWei + amountWei, limit: maxPaidPerDayWei },
      opensByItself: amountWei <= maxPaidPerDayWei,
      opener: 'pool',
    },
    {
      ...verdict(
        isApproved ? undefined : gasShareWait(payout, limits),
        isApproved ? approved : 'gas costs little enough of it',
      ),
      name: 'gas-share',
      measured: {
        unit: 'wei',
        value: gasCostWei + burntGasWei,
        limit: (amountWei * BigInt(gasShareOf(payout, limits).bps)) / BPS_SCALE,
      },
      opensByItself: fitsWithCheaperGas(payout, limits),
      opener: 'pool',
    },
  ];
}

function verdict(wait: Wait | undefined, open: string) {
  return { code: wait?.code ?? null, reason: wait?.reason ?? open };
}

/** Says why a payout that nobody has approved is not signed at this cost; undefined when its gas is within its share. */
export function gasShareWait(payout: PayoutGas, limits: PayoutLimits): Wait | undefined {
  const { amountWei, gasCostWei, burntGasWei } = payout;
  const { bps, isOwn } = gasShareOf(payout, limits);
  if ((burntGasWei + gasCostWei) * BPS_SCALE <= amountWei * BigInt(bps)) return undefined;
  return gasShareAboveCap(payout, {
    shareBps: bps,
    isOwn,
    fitsWithCheaperGas: fitsWithCheaperGas(payout, limits),
  });
}

/** Returns the smaller of the pool's limit and the payee's own, and whether it is the payee's own. */
function gasShareOf(
  { ownGasShareBps }: Pick<PayoutGas, 'ownGasShareBps'>,
  { maxGasShareBps }: PayoutLimits,
): { readonly bps: number; readonly isOwn: boolean } {
  const isOwn = ownGasShareBps !== null && ownGasShareBps < maxGasShareBps;
  return { bps: isOwn ? ownGasShareBps : maxGasShareBps, isOwn };
}

function fitsWithCheaperGas(
  payout: Pick<LimitedPayout, 'amountWei' | 'burntGasWei' | 'ownGasShareBps'>,
  limits: PayoutLimits,
): boolean {
  const { amountWei, burntGasWei } = payout;
  return burntGasWei * BPS_SCALE < amountWei * BigInt(gasShareOf(payout, limits).bps);
}

/** Says why a payout of this amount is not signed without an approval; undefined when it needs none. */
export function amountWait(
  payout: Pick<LimitedPayout, 'id' | 'amountWei' | 'isApproved'>,
  limits: PayoutLimits,
): Wait | undefined {
  const { id, amountWei, isApproved } = payout;
  if (isApproved || amountWei <= limits.maxPayoutWei) return undefined;
  return payoutAboveCap(id, amountWei, limits.maxPayoutWei);
}

/** Says why this amount does not fit into what is left of the day's limit; undefined when it does. */
export function dayWait(
  { id, amountWei }: Pick<LimitedPayout, 'id' | 'amountWei'>,
  { maxPaidPerDayWei }: PayoutLimits,
  day: DayUse,
): Wait | undefined {
  if (day.usedWei + amountWei <= maxPaidPerDayWei) return undefined;
  if (amountWei > maxPaidPerDayWei) return amountAboveDay(id, amountWei, maxPaidPerDayWei);
  return dayUsedUp(amountWei, maxPaidPerDayWei, day);
}
