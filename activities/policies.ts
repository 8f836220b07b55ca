import { type ResolvingDeps, resolvePolicies } from '../core/policies/resolving.js';
import { beating, PAGE_MS } from './beating.js';
import { guarded } from './failure.js';

/** Builds the activity that asks the pool's policy about everybody. */
export function createPolicyActivities(deps: ResolvingDeps) {
  return {
    askPolicies: guarded(() =>
      beating('asking the policy', PAGE_MS, (onProgress) => resolvePolicies(deps, onProgress)),
    ),
  };
}
