/** Asks the policy for the rates of remote workers, from a time on until nothing changes any more. */
import { listOf } from '../base/lists.js';
import { type TermsVersion, termsAt } from '../terms/rules/terms.js';
import type { Asker } from './asking.js';
import type { PoliciesInUse } from './policies-in-use.js';
import { checkTerms } from './rules/answer-checks.js';
import type { TermsAnswer } from './rules/questions.js';
import { addToPlan, type RatePlan } from './rules/rate-plans.js';

/**
 * Completes each plan. At the beginning of later terms, and at each moment that the policy names, it is asked
 * again. A worker for whom it fails is left out.
 *
 * @param versions all terms, ascending; those that were withdrawn count for nothing
 */
export async function planRates(
  begun: readonly RatePlan[],
  versions: readonly TermsVersion[],
  policies: PoliciesInUse,
): Promise<readonly RatePlan[]> {
  const complete: RatePlan[] = [];
  let open = begun;
  while (open.length > 0) {
    const next: RatePlan[] = [];
    for (const [version, plans] of byVersion(open, versions)) {
      const asker = await policies.of(version);
      if (asker === null) continue;
      const answers = await askTerms(asker, { version, plans }, policies);
      plans.forEach((plan, i) => {
        const answer = answers[i] ?? null;
        if (answer === null) return;
        const { name, version: policyVersion, optionsHash } = asker;
        const { commissionBps, bonusBps = 0, reason, until } = answer;
        const identity = { policy: name, policyVersion, optionsHash };
        const untilMs = until === undefined ? null : Date.parse(until);
        const rate = { commissionBps, bonusBps, reason, ...identity };
        const longer = addToPlan(plan, { rate, untilMs }, versions);
        (longer.nextMs === null ? complete : next).push(longer);
      });
    }
    open = next;
  }
  return complete;
}

function byVersion(plans: readonly RatePlan[], versions: readonly TermsVersion[]) {
  const groups = new Map<TermsVersion, RatePlan[]>();
  for (const plan of plans) listOf(groups, termsAt(versions, plan.nextMs ?? 0)).push(plan);
  return groups;
}

async function askTerms(
  asker: Asker,
  { version, plans }: { readonly version: TermsVersion; readonly plans: readonly RatePlan[] },
  policies: PoliciesInUse,
): Promise<readonly (TermsAnswer | null)[]> {
  if (!asker.answers.includes('terms')) {
    const answer: TermsAnswer = { commissionBps: version.commissionBps, reason: 'default' };
    return plans.map(() => answer);
  }
  const questions = plans.map(
    ({ worker, nextMs }) => [worker, new Date(nextMs ?? 0).toISOString()] as const,
  );
  return policies.ask(asker, { about: 'terms', questions }, (answer, [, at]) =>
    checkTerms(answer, at),
  );
}
