import { type BonusDeps, bookBonuses } from '../core/policies/bonuses/booking.js';
import { type ResolvingDeps, resolvePolicies } from '../core/policies/resolving.js';
import type { PoliciesReport } from '../core/policies/rules/resolving-report.js';
import { beating, PAGE_MS } from './beating.js';
import { guarded } from './failure.js';

/** Builds the activity that asks the pool's policy about everybody, and then books the bonuses of closed days. */
export function createPolicyActivities(deps: ResolvingDeps & BonusDeps) {
  return {
    askPolicies: guarded(() =>
      beating('asking the policy', PAGE_MS, async (onProgress): Promise<PoliciesReport> => {
        const resolved = await resolvePolicies(deps, onProgress);
        return { ...resolved, ...(await bookBonuses(deps, onProgress)) };
      }),
    ),
  };
}
