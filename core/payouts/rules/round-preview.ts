/** What a payout round would do now, for each payee. */
import type { Address } from '../../base/address.js';
import type { PayeeStanding, Wait } from './payout.js';
import { type DueVerdict, decideDue, type PayoutTerms } from './payout-due.js';
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

/** An open payout that keeps its payee from getting another one. */
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
  /** What already counts against the limit of the day; `leftTodayWei` is the rest of that limit. */
  readonly usedTodayWei: bigint;
  readonly leftTodayWei: bigint;
  /** The part of `paysWei` that would not fit into the limit of the day and so would have to wait. */
  readonly beyondTodayWei: bigint;
}

export interface PreviewRules {
  readonly terms: PayoutTerms;
  readonly limits: PayoutLimits;
  readonly now: Date;
  /**
   * The wallet's last known balance without what must stay there and what is on the way out; null when it is unknown.
   */
  readonly freeWei: bigint | null;
}

/** Decides what the round would do for this payee, and says why it would not pay. */
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

/** Sorts payees that would be paid first, then those that would wait, then the others, each in the order of their addresses. */
export function comparePreviewed(a: PreviewedPayee, b: PreviewedPayee): number {
  const byRank = previewRank(a.verdict) - previewRank(b.verdict);
  return byRank !== 0 ? byRank : a.payee < b.payee ? -1 : 1;
}

export function previewRank(verdict: PreviewVerdict): number {
  return PREVIEW_VERDICTS.indexOf(verdict);
}

/** Adds up the payees and amounts of each verdict. */
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

/**
 * Says why this payout would wait for the wallet's balance. It looks at this payout alone; the money may still run
 * out for others after it.
 */
export function walletWait(amountWei: bigint, freeWei: bigint | null): Wait | undefined {
  return freeWei === null || amountWei <= freeWei ? undefined : wouldEmptyWallet(freeWei);
}

/** Says why a payout of this amount would wait even if nothing else were paid. */
function amountAloneWait(amountWei: bigint, limits: PayoutLimits): Wait | undefined {
  const payout = { id: null, amountWei, isApproved: false };
  return amountWait(payout, limits) ?? dayWait(payout, limits, NOTHING_USED);
}

const NOTHING_USED: DayUse = { usedWei: 0n, nextFreeAt: null };
