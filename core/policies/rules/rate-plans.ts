/** What a remote worker's rates will be: a plan of steps, each of which holds until the next one. */
import type { RemoteWorker } from '../../base/remote-worker.js';
import type { TermsVersion } from '../../terms/rules/terms.js';
import type { Rate } from '../../terms/rules/worker-rates.js';
import type { PolicyWorker } from './questions.js';

export interface PlannedStep extends Rate {
  readonly fromMs: number;
}

/** A plan in the making. */
export interface RatePlan {
  readonly worker: PolicyWorker;
  readonly steps: readonly PlannedStep[];
  /** When the policy is asked next; null: the plan is complete. */
  readonly nextMs: number | null;
  readonly mostSteps: number;
  /** When the policy would have been asked next, had the plan not had its most steps; null: the last one holds for ever. */
  readonly cutMs: number | null;
}

/** A plan looks so many steps ahead. It is made anew long before they have gone by. */
export const MOST_STEPS = 40;

export function beginPlan(
  worker: PolicyWorker,
  fromMs: number,
  mostSteps: number = MOST_STEPS,
): RatePlan {
  return { worker, steps: [], nextMs: fromMs, mostSteps, cutMs: null };
}

/** Adds a step from the plan's next time on. The next one begins when the policy says so, or when other terms begin. */
export function addToPlan(
  plan: RatePlan,
  { rate, untilMs }: { readonly rate: Rate; readonly untilMs: number | null },
  versions: readonly TermsVersion[],
): RatePlan {
  const { nextMs: fromMs } = plan;
  if (fromMs === null) return plan;
  const steps = [...plan.steps, { ...rate, fromMs }];
  const begins = versions.find((one) => one.fromMs > fromMs && !one.isWithdrawn)?.fromMs;
  const nextMs = Math.min(untilMs ?? Infinity, begins ?? Infinity);
  if (nextMs === Infinity) return { ...plan, steps, nextMs: null };
  const isFull = steps.length >= plan.mostSteps;
  return { ...plan, steps, nextMs: isFull ? null : nextMs, cutMs: isFull ? nextMs : null };
}

/** Whether a plan says nothing but what the terms say anyway: a worker without rates needs none for it. */
export function isPlain(
  steps: readonly PlannedStep[],
  termsOf: (atMs: number) => TermsVersion,
): boolean {
  return steps.every(
    ({ commissionBps, bonusBps, fromMs }) =>
      bonusBps === 0 && commissionBps === termsOf(fromMs).commissionBps,
  );
}

/** The remote worker that a question is about. Throws RangeError for a question about a payee. */
export function remoteWorkerOf({ address, nodeType, region }: PolicyWorker): RemoteWorker {
  if (nodeType === null || region === null) throw new RangeError('this is about a payee');
  return { payee: address, nodeType, region };
}
