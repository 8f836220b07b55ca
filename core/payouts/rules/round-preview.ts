/** What a payout round would do now, for each payee. */
import type { Address } from '../../base/address.js';
import { largerWei, sumWei } from '../../base/money.js';
import type { PayeeStanding, PayoutUnderWay, Wait } from './payout.js';
import { type Despite, type DueRules, decideDue } from './payout-due.js';
import { amountWait, type DayUse, dayWait, type PayoutLimits } from './payout-limits.js';
import { wouldEmptyWallet } from './waits.js';

/**
 * pays: a payout would be reserved and sent. waits: it would be reserved, and then wait because of a limit or the
 * balance. not-due: nothing would be reserved.
 */
export const PREVIEW_VERDICTS = ['pays', 'waits', 'not-due'] as const;
export type PreviewVerdict = (typeof PREVIEW_VERDICTS)[number];

export interface PreviewedPayee {
  readonly payee: Address;
  readonly pendingWei: bigint;
  readonly verdict: PreviewVerdict;
  /** Why the payee would not be paid; null when it would. */
  readonly code: string | null;
  readonly reason: string | null;
}

export interface PreviewRules {
  readonly due: DueRules;
  readonly limits: PayoutLimits;
  /**
   * The wallet's last known balance without what must stay there and what is on the way out; null when it is unknown.
   */
  readonly freeWei: bigint | null;
}

/** Decides what the round would do for this payee, and says why it would not pay. */
export function previewPayee(
  standing: PayeeStanding,
  rules: PreviewRules,
  despite?: Despite,
): PreviewedPayee {
  const { payee, pendingWei } = standing;
  const decision = decideDue(standing, rules.due, despite);
  if (!decision.due) {
    const reason = underWayWords(decision.reason, standing.underWay);
    return { payee, pendingWei, verdict: 'not-due', code: decision.code, reason };
  }
  const { code, reason } = waitAlone(pendingWei, rules) ?? { code: null, reason: null };
  return { payee, pendingWei, verdict: code === null ? 'pays' : 'waits', code, reason };
}

/** Sorts payees that would be paid first, then those that would wait, then the others, each in the order of their addresses. */
export function previewKey({ verdict, payee }: PreviewedPayee): string {
  return `${PREVIEW_VERDICTS.indexOf(verdict)}${payee}`;
}

export type PreviewTotals = Readonly<ReturnType<typeof previewTotals>>;

/** Adds up the payees and amounts of each verdict. */
export function previewTotals(
  payees: readonly PreviewedPayee[],
  limits: PayoutLimits,
  day: DayUse,
) {
  const amounts = (verdict: PreviewVerdict) =>
    payees.filter((one) => one.verdict === verdict).map(({ pendingWei }) => pendingWei);
  const pays = amounts('pays');
  const waits = amounts('waits');
  const paysWei = sumWei(pays);
  const leftTodayWei = largerWei(limits.maxPaidPerDayWei - day.usedWei, 0n);
  return {
    payees: payees.length,
    pays: pays.length,
    paysWei,
    waits: waits.length,
    waitsWei: sumWei(waits),
    notDue: payees.length - pays.length - waits.length,
    /** What already counts against the limit of the day; `leftTodayWei` is the rest of that limit. */
    usedTodayWei: day.usedWei,
    leftTodayWei,
    /** The part of `paysWei` that would not fit into the limit of the day and so would have to wait. */
    beyondTodayWei: largerWei(paysWei - leftTodayWei, 0n),
  };
}

function underWayWords(reason: string, underWay: PayoutUnderWay | null): string {
  if (underWay === null) return reason;
  const { id, state, waitCode, waitReason } = underWay;
  const words = `${reason}: ${id}, ${state}`;
  return waitCode === null ? words : `${words}, waits with ${waitCode}: ${waitReason ?? ''}`;
}

const NOTHING_USED: DayUse = { usedWei: 0n, nextFreeAt: null };

/** Says why a payout of this amount would wait even if nothing else were paid. */
function waitAlone(amountWei: bigint, { limits, freeWei }: PreviewRules): Wait | undefined {
  const payout = { id: null, amountWei, isApproved: false };
  return (
    amountWait(payout, limits) ??
    dayWait(payout, limits, NOTHING_USED) ??
    walletWait(amountWei, freeWei)
  );
}

/** Says why this payout would wait for the wallet's balance; the money may still run out for others after it. */
export function walletWait(amountWei: bigint, freeWei: bigint | null): Wait | undefined {
  return freeWei === null || amountWei <= freeWei ? undefined : wouldEmptyWallet(freeWei);
}
