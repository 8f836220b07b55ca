import { type BonusDeps, bookBonuses } from '../core/policies/bonuses/booking.js';
import { type ResolvingDeps, resolvePolicies } from '../core/policies/resolving.js';
import type { PoliciesReport } from '../core/policies/rules/resolving-report.js';
import { lookAtRevenue, type RevenueDeps } from '../core/revenue/looking-at-revenue.js';
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

/** Builds the activity that asks the chain what tickets brought, and shares it where the pool does so. */
export function createRevenueActivities(deps: RevenueDeps) {
  return {
    lookAtRevenue: guarded(() =>
      beating('asking what tickets brought', PAGE_MS, (onProgress) =>
        lookAtRevenue(deps, onProgress),
      ),
    ),
  };
}
