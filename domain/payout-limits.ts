/** The operator's limits on what leaves the wallet. They hold a payout back; they never end one. */
import { ethAndWei } from './money.js';
import type { Wait } from './payout.js';

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
  /** When the oldest of it stops counting; null while nothing of it is settled. */
  readonly nextFreeAt: Date | null;
}

/** A payout as the limits see it. */
export interface LimitedPayout {
  readonly id: string;
  readonly amountWei: bigint;
  /** An operator has looked at its amount and at what its gas costs. */
  readonly isApproved: boolean;
  /** Gas that it needs at the price of now. */
  readonly gasCostWei: bigint;
  /** What failed transfers to its payee have cost since the payee was last paid. */
  readonly burntGasWei: bigint;
}

const BPS_SCALE = 10_000n;

/**
 * Why a payout is not signed now; undefined when no limit stands in its way. Gas may be up to its share
 * exactly, amounts up to their limits exactly.
 */
export function limitWait(
  payout: LimitedPayout,
  limits: PayoutLimits,
  day: DayUse,
): Wait | undefined {
  const own = payout.isApproved ? undefined : ownLimitWait(payout, limits);
  return own ?? dayWait(payout.amountWei, limits, day);
}

function ownLimitWait(payout: LimitedPayout, limits: PayoutLimits): Wait | undefined {
  return amountWait(payout, limits) ?? gasShareWait(payout, limits);
}

/** Why a payout that nobody has approved is not signed at this cost; undefined when its gas is within its share. */
export function gasShareWait(
  payout: Omit<LimitedPayout, 'isApproved'>,
  { maxGasShareBps }: PayoutLimits,
): Wait | undefined {
  const { amountWei, gasCostWei, burntGasWei } = payout;
  const share = amountWei * BigInt(maxGasShareBps);
  if ((burntGasWei + gasCostWei) * BPS_SCALE <= share) return undefined;
  const burnt =
    burntGasWei === 0n ? '' : `, and failed transfers to it have cost ${ethAndWei(burntGasWei)}`;
  const hope =
    burntGasWei * BPS_SCALE < share
      ? 'it goes on when gas is cheaper'
      : 'cancel it, and a later payout of more may fit';
  const reason =
    `its gas would cost ${ethAndWei(gasCostWei)} now${burnt}: more than pool.maxGasShare ` +
    `(${maxGasShareBps / 100}%) of ${ethAndWei(amountWei)}: ` +
    `${hope}, or it goes on after ${approveCommand(payout.id)}`;
  return { code: 'GAS_SHARE_ABOVE_CAP', reason };
}

/** Why a payout of this amount is not signed without an approval; undefined when it needs none. */
export function amountWait(
  payout: Pick<LimitedPayout, 'id' | 'amountWei' | 'isApproved'>,
  limits: PayoutLimits,
): Wait | undefined {
  const { id, amountWei, isApproved } = payout;
  if (isApproved || !isAboveCap(amountWei, limits)) return undefined;
  const words = aboveCapWords(amountWei, limits.maxPayoutWei);
  const reason = `${words}: ${approveCommand(id)} lets it go, cancel ends it`;
  return { code: 'PAYOUT_ABOVE_CAP', reason };
}

const approveCommand = (id: string): string => `\`openpool payout approve ${id} --reason …\``;

/** Whether a payout of this amount needs an operator's approval. */
export function isAboveCap(amountWei: bigint, limits: PayoutLimits): boolean {
  return amountWei > limits.maxPayoutWei;
}

/** What is wrong with an amount that needs approval. */
export function aboveCapWords(amountWei: bigint, maxPayoutWei: bigint): string {
  return `${ethAndWei(amountWei)} is more than pool.maxPayout, ${ethAndWei(maxPayoutWei)}`;
}

/** Why this amount does not fit the day; undefined when it does. */
export function dayWait(amountWei: bigint, limits: PayoutLimits, day: DayUse): Wait | undefined {
  const { maxPaidPerDayWei } = limits;
  if (day.usedWei + amountWei <= maxPaidPerDayWei) return undefined;
  const cap = `pool.maxPaidPerDay, ${ethAndWei(maxPaidPerDayWei)}`;
  const amount = ethAndWei(amountWei);
  if (amountWei > maxPaidPerDayWei) {
    const reason = `${amount} alone is more than ${cap}: raise it and restart the workers, or cancel it`;
    return { code: 'DAILY_CAP_REACHED', reason };
  }
  const next = day.nextFreeAt === null ? '' : `, from ${day.nextFreeAt.toISOString()} on`;
  const reason =
    `${ethAndWei(day.usedWei)} left in the last 24 hours or are on the way, and with these ` +
    `${amount} that is more than ${cap}: it goes on by itself as the day passes${next}`;
  return { code: 'DAILY_CAP_REACHED', reason };
}
