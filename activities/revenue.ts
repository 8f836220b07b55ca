import { lookAtRevenue, type RevenueDeps } from '../core/revenue/looking-at-revenue.js';
import { beating, PAGE_MS } from './beating.js';
import { guarded } from './failure.js';

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
