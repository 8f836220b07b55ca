/**
 * The dated rates of one remote worker: which of them holds when, and which rows a new plan needs. Rows are only added.
 * Of the rows that begin at or before a time, the one recorded last holds: like a new version of the terms, a plan that is
 * recorded later replaces what was announced for after its beginning.
 */

import type { Share } from '../../base/money.js';

/** What a policy answered for a worker. The core multiplies, rounds and posts. */
export interface Rate {
  /** The pool's share of each fee, in basis points, 0 to 10000. */
  readonly commissionBps: number;
  /** What the pool adds from its commission, in basis points of the fees of a day, 0 to 10000. */
  readonly bonusBps: number;
  readonly policy: string;
  readonly policyVersion: string;
  /** A hash of the options that the policy was asked with. */
  readonly optionsHash: string;
  readonly reason: string;
}

/** A rate as jobs are counted with it. */
export interface CreditRate extends RateStep, Pick<Rate, 'commissionBps'> {}

/** The beginning of a rate. It holds until the next one begins. */
export interface RateStep {
  /** The number of its row; a higher one was recorded later. */
  readonly id: number;
  readonly fromMs: number;
}

export interface PlannedRate extends Rate {
  readonly fromMs: number;
}

/** Adds a row to the steps that hold, ascending by time: it replaces all that begin at or after it. */
export function addStep<S extends RateStep>(steps: S[], row: S): void {
  while ((steps.at(-1)?.fromMs ?? Number.NEGATIVE_INFINITY) >= row.fromMs) steps.pop();
  steps.push(row);
}

/** Finds the step that holds at a time; undefined before the first one, when the terms in force hold. */
export function rateAt<S extends Pick<RateStep, 'fromMs'>>(
  steps: readonly S[],
  atMs: number,
): S | undefined {
  // Most jobs are new, so the last step is tried first.
  for (let i = steps.length - 1; i >= 0; i -= 1) {
    const step = steps[i];
    if (step !== undefined && step.fromMs <= atMs) return step;
  }
  return undefined;
}

/**
 * Returns the rate that a stored credit must have been made with: the one that holds at the job's own time. A job whose source's
 * clock was ahead may have been credited before a rate was recorded that begins earlier: then it keeps what it was credited with.
 *
 * @param rates all rows of the worker in the order of their ids, replaced ones included
 */
export function rateOfCredit<R extends RateStep>(
  rates: readonly R[],
  credit: {
    readonly dtMs: number;
    readonly receivedMs: number;
    /** The rate that the credit names; null: none. Undefined when nothing was credited. */
    readonly keptId: number | null | undefined;
  },
): R | undefined {
  const { dtMs, receivedMs, keptId } = credit;
  const lastBy = (ms: number) => rates.findLast(({ fromMs }) => fromMs <= ms);
  const due = lastBy(dtMs);
  if (dtMs <= receivedMs || keptId === undefined || keptId === (due?.id ?? null)) return due;
  const before = lastBy(receivedMs);
  if (keptId === null) return before === undefined ? undefined : due;
  const kept = rates.find(({ id, fromMs }) => id === keptId && fromMs <= dtMs);
  return kept !== undefined && kept.id >= (before?.id ?? 0) ? kept : due;
}

/** Returns how a job's fee is split: by the rate's commission if there is one, and always by the rounding of the terms. */
export function shareOf(terms: Share, rate: Pick<Rate, 'commissionBps'> | undefined): Share {
  return rate === undefined
    ? terms
    : { commissionBps: rate.commissionBps, rounding: terms.rounding };
}

/**
 * Returns the rows to record so that the plan holds from its first rate on, and nothing else from there on. None when it
 * holds already. A rate that should begin before `earliestMs` begins then.
 *
 * @param steps what holds now, ascending
 */
export function rowsOfPlan(
  plan: readonly PlannedRate[],
  steps: readonly (Rate & RateStep)[],
  earliestMs: number,
): readonly PlannedRate[] {
  const due = settledPlan(plan, earliestMs);
  const [first] = due;
  if (first === undefined) return [];
  const inForce = rateAt(steps, first.fromMs);
  const later = steps.filter(({ fromMs }) => fromMs > first.fromMs);
  const held = inForce === undefined ? later : [{ ...inForce, fromMs: first.fromMs }, ...later];
  let alike = 0;
  while (alike < due.length && isSameStep(due[alike], held[alike])) alike += 1;
  const [next, stale] = [due[alike], held[alike]];
  if (next === undefined && stale === undefined) return [];
  // What was announced for before the next rate is replaced by saying once more what holds until then.
  const isReplaced = next !== undefined && (stale === undefined || next.fromMs <= stale.fromMs);
  return due.slice(isReplaced ? alike : Math.max(alike - 1, 0));
}

/** Returns the plan in the order of time, without what would begin too early or changes nothing. */
function settledPlan(plan: readonly PlannedRate[], earliestMs: number): readonly PlannedRate[] {
  const settled: PlannedRate[] = [];
  for (const rate of [...plan].sort((a, b) => a.fromMs - b.fromMs)) {
    const fromMs = Math.max(rate.fromMs, earliestMs);
    if (settled.at(-1)?.fromMs === fromMs) settled.pop();
    const before = settled.at(-1);
    if (before === undefined || !isSameRate(before, rate)) settled.push({ ...rate, fromMs });
  }
  return settled;
}

function isSameStep(one: PlannedRate | undefined, other: PlannedRate | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.fromMs === other.fromMs && isSameRate(one, other);
}

function isSameRate(one: Rate, other: Rate): boolean {
  return (
    one.commissionBps === other.commissionBps &&
    one.bonusBps === other.bonusBps &&
    one.policy === other.policy &&
    one.policyVersion === other.policyVersion &&
    one.optionsHash === other.optionsHash &&
    one.reason === other.reason
  );
}
