/** What a payout round would do now, payee by payee. */
import type { Address } from '../../base/address.js';
import type { PayeeStanding, Wait } from './payout.js';
import { type DueVerdict, decideDue, type PayoutTerms } from './payout-due.js';
import { type DayUse, isAboveCap, type PayoutLimits } from './payout-limits.js';
import { wouldEmptyWallet, wouldExceedDay, wouldNeedApproval } from './waits.js';

/**
 * pays: a payout would be reserved and sent. waits: it would be reserved, and a limit would hold it back.
 * not-due: nothing would be reserved.
 */
export const PREVIEW_VERDICTS = ['pays', 'waits', 'not-due'] as const;
export type PreviewVerdict = (typeof PREVIEW_VERDICTS)[number];

export interface PreviewedPayee {
  readonly payee: Address;
  readonly pendingWei: bigint;
  readonly verdict: PreviewVerdict;
  /** Why it would not be paid; null when it would. */
  readonly code: string | null;
  readonly reason: string | null;
}

/** A payout that stands in its payee's way. */
export interface PayoutUnderWay {
  readonly id: string;
  readonly state: string;
  readonly waitCode: string | null;
  readonly waitReason: string | null;
}

export interface PreviewTotals {
  readonly payees: number;
  readonly pays: number;
  readonly paysWei: bigint;
  readonly waits: number;
  readonly waitsWei: bigint;
  readonly notDue: number;
  /** What counts against the limit of the day already, and what that leaves. */
  readonly usedTodayWei: bigint;
  readonly leftTodayWei: bigint;
  /** Of `paysWei`, what would have to wait until the day has passed. */
  readonly beyondTodayWei: bigint;
}

export interface PreviewRules {
  readonly terms: PayoutTerms;
  readonly limits: PayoutLimits;
  readonly now: Date;
  /** What the wallet held when it was looked at last, without what is to stay there or on its way; null: unknown. */
  readonly freeWei: bigint | null;
}

/** Judges what the round would do for this payee, and says why it would not pay. */
export function previewPayee(
  standing: PayeeStanding,
  rules: PreviewRules,
  underWay: PayoutUnderWay | undefined,
): PreviewedPayee {
  const { payee, pendingWei } = standing;
  const decision = decideDue(standing, rules.terms, rules.now);
  if (!decision.due) {
    const { code } = decision;
    return { payee, pendingWei, verdict: 'not-due', code, reason: notDueWords(decision, underWay) };
  }
  const wait = amountAloneWait(pendingWei, rules.limits) ?? walletWait(pendingWei, rules.freeWei);
  return wait === undefined
    ? { payee, pendingWei, verdict: 'pays', code: null, reason: null }
    : { payee, pendingWei, verdict: 'waits', ...wait };
}

/** The payees that would be paid first, then those that would wait, each in the order of addresses. */
export function comparePreviewed(a: PreviewedPayee, b: PreviewedPayee): number {
  const byRank = previewRank(a.verdict) - previewRank(b.verdict);
  return byRank !== 0 ? byRank : a.payee < b.payee ? -1 : 1;
}

export function previewRank(verdict: PreviewVerdict): number {
  return PREVIEW_VERDICTS.indexOf(verdict);
}

/** Adds up what would be paid, would wait and is not due. */
export function previewTotals(
  payees: readonly PreviewedPayee[],
  limits: PayoutLimits,
  day: DayUse,
): PreviewTotals {
  const counts = { pays: 0, waits: 0, 'not-due': 0 };
  const sums = { pays: 0n, waits: 0n, 'not-due': 0n };
  for (const { verdict, pendingWei } of payees) {
    counts[verdict] += 1;
    sums[verdict] += pendingWei;
  }
  const freeWei = limits.maxPaidPerDayWei - day.usedWei;
  const leftTodayWei = freeWei > 0n ? freeWei : 0n;
  return {
    payees: payees.length,
    pays: counts.pays,
    paysWei: sums.pays,
    waits: counts.waits,
    waitsWei: sums.waits,
    notDue: counts['not-due'],
    usedTodayWei: day.usedWei,
    leftTodayWei,
    beyondTodayWei: sums.pays > leftTodayWei ? sums.pays - leftTodayWei : 0n,
  };
}

type NotDue = Extract<DueVerdict, { readonly due: false }>;

function notDueWords({ code, reason }: NotDue, underWay: PayoutUnderWay | undefined): string {
  if (code !== 'OPEN_PAYOUT' || underWay === undefined) return reason;
  const { id, state, waitCode, waitReason } = underWay;
  const words = `${reason}: ${id}, ${state}`;
  return waitCode === null ? words : `${words}, waits with ${waitCode}: ${waitReason ?? ''}`;
}

/** Whether the wallet has enough for this payout; it may still lack money for others after it. */
function walletWait(amountWei: bigint, freeWei: bigint | null): Wait | undefined {
  return freeWei === null || amountWei <= freeWei ? undefined : wouldEmptyWallet(freeWei);
}

/** Says what holds back a payout of this amount whatever else is paid. */
function amountAloneWait(amountWei: bigint, limits: PayoutLimits): Wait | undefined {
  const { maxPayoutWei, maxPaidPerDayWei } = limits;
  if (isAboveCap(amountWei, limits)) return wouldNeedApproval(amountWei, maxPayoutWei);
  return amountWei > maxPaidPerDayWei ? wouldExceedDay(amountWei, maxPaidPerDayWei) : undefined;
}
