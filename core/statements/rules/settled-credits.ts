/**
 * Decides which credits a payout settles: first in, first out, to the wei. All credits of a remote worker lie one behind
 * the other on a line, in the order in which they were posted, and so do all deductions on a line of their own. A payout
 * takes every open deduction, and the oldest open credits that it takes to come to its amount. What a payout took goes
 * back to its old place when the payout is released, so that the next payout settles it first.
 */
import { smallerWei } from '../../base/money.js';

/** A part of a line, in wei from its beginning: from `fromWei` up to `toWei`, which is behind it. */
export interface Stretch {
  readonly fromWei: bigint;
  readonly toWei: bigint;
}

/** What happened to the pending fees of one remote worker, in the order of the postings. */
export type PendingStep =
  /** Negative: a deduction. */
  | { readonly kind: 'credit'; readonly amountWei: bigint }
  | { readonly kind: 'reserve'; readonly payoutId: string; readonly amountWei: bigint }
  | { readonly kind: 'release'; readonly payoutId: string };

/** What one payout settles of one remote worker: credits minus deductions, plus what is missing, is its amount. */
export interface Settled {
  readonly credits: readonly Stretch[];
  readonly deductions: readonly Stretch[];
  /**
   * What the ledger does not show as a credit before the payout. Zero, unless an older version has put together postings
   * from before and after the payout.
   */
  readonly missingWei: bigint;
  /** The payout ended unpaid, and what it had taken is open again or was settled by another one. */
  readonly isReturned: boolean;
}

/** Returns what each payout settles. The steps are those of one remote worker. */
export function settleCredits(steps: Iterable<PendingStep>): ReadonlyMap<string, Settled> {
  const worker = new WorkerLines();
  for (const step of steps) {
    if (step.kind === 'credit') worker.credit(step.amountWei);
    else if (step.kind === 'reserve') worker.reserve(step.payoutId, step.amountWei);
    else worker.release(step.payoutId);
  }
  return worker.settled;
}

interface Taken {
  credits: readonly Stretch[];
  readonly deductions: readonly Stretch[];
  missingWei: bigint;
  isReturned: boolean;
}

class WorkerLines {
  readonly settled = new Map<string, Taken>();
  private readonly credits = new OpenLine();
  private readonly deductions = new OpenLine();

  credit(amountWei: bigint): void {
    if (amountWei > 0n) this.credits.extend(amountWei);
    else this.deductions.extend(-amountWei);
  }

  reserve(payoutId: string, amountWei: bigint): void {
    this.fillMissing();
    const deductions = this.deductions.take(this.deductions.openWei);
    const neededWei = amountWei + lengthOf(deductions);
    const credits = this.credits.take(neededWei);
    const missingWei = neededWei - lengthOf(credits);
    this.settled.set(payoutId, { credits, deductions, missingWei, isReturned: false });
  }

  release(payoutId: string): void {
    const taken = this.settled.get(payoutId);
    if (taken === undefined || taken.isReturned) return;
    this.credits.giveBack(taken.credits);
    this.deductions.giveBack(taken.deductions);
    taken.isReturned = true;
  }

  /** Credits that were posted later, as far as one can see, belong first to the earlier payouts that lack them. */
  private fillMissing(): void {
    for (const taken of this.settled.values()) {
      if (taken.isReturned || taken.missingWei === 0n) continue;
      const late = this.credits.take(taken.missingWei);
      taken.credits = joined([...taken.credits, ...late]);
      taken.missingWei -= lengthOf(late);
    }
  }
}

/** The parts of a line that no payout holds, in their order. */
class OpenLine {
  private endWei = 0n;
  private open: readonly Stretch[] = [];

  get openWei(): bigint {
    return lengthOf(this.open);
  }

  extend(amountWei: bigint): void {
    const fromWei = this.endWei;
    this.endWei += amountWei;
    this.giveBack([{ fromWei, toWei: this.endWei }]);
  }

  /** Takes this much from the front, or all that is open when that is less. */
  take(amountWei: bigint): readonly Stretch[] {
    const taken: Stretch[] = [];
    const left: Stretch[] = [];
    let neededWei = amountWei;
    for (const { fromWei, toWei } of this.open) {
      const cutWei = fromWei + smallerWei(neededWei, toWei - fromWei);
      neededWei -= cutWei - fromWei;
      if (cutWei > fromWei) taken.push({ fromWei, toWei: cutWei });
      if (cutWei < toWei) left.push({ fromWei: cutWei, toWei });
    }
    this.open = left;
    return taken;
  }

  giveBack(stretches: readonly Stretch[]): void {
    this.open = joined([...this.open, ...stretches]);
  }
}

export function lengthOf(stretches: readonly Stretch[]): bigint {
  return stretches.reduce((sum, { fromWei, toWei }) => sum + toWei - fromWei, 0n);
}

/** Sorts the stretches, and makes one of those that touch each other. */
function joined(stretches: readonly Stretch[]): readonly Stretch[] {
  const inOrder = stretches
    .filter(({ fromWei, toWei }) => toWei > fromWei)
    .sort((a, b) => (a.fromWei < b.fromWei ? -1 : 1));
  const result: Stretch[] = [];
  for (const stretch of inOrder) {
    const last = result.at(-1);
    if (last?.toWei === stretch.fromWei) {
      result[result.length - 1] = { fromWei: last.fromWei, toWei: stretch.toWei };
    } else result.push(stretch);
  }
  return result;
}
