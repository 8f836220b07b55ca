/** Asks the policy for the rates of remote workers, from a time on until nothing changes any more. */
import { listOf } from '../base/lists.js';
import { sharesRevenue } from '../terms/rules/policy-terms.js';
import { type TermsVersion, termsAt } from '../terms/rules/terms.js';
import type { Rate } from '../terms/rules/worker-rates.js';
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
      if (sharesRevenue(version.policy)) {
        for (const plan of plans) {
          const longer = addToPlan(plan, { rate: sharedRate(version), untilMs: null }, versions);
          (longer.nextMs === null ? complete : next).push(longer);
        }
        continue;
      }
      const asker = await policies.of(version);
      if (asker === null) {
        next.push(...plans.flatMap((plan) => fromNextShare(plan, versions)));
        continue;
      }
      const answers = await askTerms(asker, { version, plans }, policies);
      plans.forEach((plan, i) => {
        const answer = answers[i] ?? null;
        if (answer === null) {
          next.push(...fromNextShare(plan, versions));
          return;
        }
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

/** While the pool shares what it redeems, nobody is asked: all of each fee is the pool's, and the shares come out of that. */
function sharedRate({ policy }: TermsVersion): Rate {
  return {
    commissionBps: 10_000,
    bonusBps: 0,
    reason: 'share of what is redeemed',
    policy: 'terms',
    policyVersion: '1',
    optionsHash: policy?.hash ?? '',
  };
}

/**
 * Where the policy fails, its last rates stay, but not into a revenue share: who kept a rate of its own would be paid for each
 * job and get a share, too. Returns what is left of the plan from there on.
 */
function fromNextShare(plan: RatePlan, versions: readonly TermsVersion[]): readonly RatePlan[] {
  const askedMs = plan.nextMs ?? Number.POSITIVE_INFINITY;
  const share = versions.find(
    ({ fromMs, isWithdrawn, policy }) => fromMs > askedMs && !isWithdrawn && sharesRevenue(policy),
  );
  return share === undefined ? [] : [{ ...plan, steps: [], nextMs: share.fromMs }];
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
