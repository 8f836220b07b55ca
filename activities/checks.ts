import { PoolError } from '../core/base/errors/pool-error.js';
import { adoptWallets } from '../core/checks/adoption.js';
import { auditPool } from '../core/checks/audit/audit.js';
import { payElsewhere, releasePayout } from '../core/checks/payout-repairs.js';
import { recheckSettled } from '../core/checks/recheck.js';
import { reconcile } from '../core/checks/reconciliation.js';
import type { Database } from '../core/db/database.js';
import { compareOnce, type ShadowSettings } from '../core/moving/comparing.js';
import { givenBy } from '../core/orders/rules/order-kinds.js';
import type { MoneyDeps } from '../core/payouts/wallet/money-deps.js';
import { lookAtSources, type SentinelDeps } from '../core/sentinel/looking.js';
import type { AuditInput, ReconciliationInput, Unscoped } from '../workflows/contract.js';
import { beating, PAGE_MS, REPAIR_MS } from './beating.js';
import { guarded } from './failure.js';
import { ordered } from './orders.js';

/** Builds the activities that check the ledger and the chain, and repair what a check or a person found. */
export function createCheckActivities(deps: MoneyDeps) {
  return {
    auditPool: guarded((input: Unscoped<AuditInput>) =>
      beating('holding the ledger against itself', PAGE_MS, (onProgress) =>
        auditPool(deps, input, onProgress),
      ),
    ),
    recheckSettled: guarded(() =>
      beating('looking again at what is paid', PAGE_MS, (onProgress) =>
        recheckSettled(deps, onProgress),
      ),
    ),
    reconcileWallet: guarded((input: Unscoped<ReconciliationInput>) =>
      beating('holding the chain against the ledger', PAGE_MS, (onProgress) =>
        reconcile(deps, input, onProgress),
      ),
    ),
    adoptWallet: ordered(deps.db, 'wallet.adopt', (order) =>
      beating('looking for what the key did', REPAIR_MS, (onProgress) =>
        adoptWallets(deps, givenBy(order), onProgress),
      ),
    ),
    releasePayout: ordered(deps.db, 'payout.release', (order) =>
      beating('looking at its transactions', REPAIR_MS, () => releasePayout(deps, givenBy(order))),
    ),
    payElsewhere: ordered(deps.db, 'payout.paid-elsewhere', (order) =>
      beating('looking for the proof', REPAIR_MS, () => payElsewhere(deps, givenBy(order))),
    ),
  };
}

/** Builds the activity that compares the ledger with another manager; it does nothing where there is none. */
export function createShadowActivities(db: Database, settings: ShadowSettings | null) {
  return {
    compareShadow: guarded(() =>
      beating('comparing with the other manager', PAGE_MS, () => {
        if (settings !== null) return compareOnce(db, settings, Date.now());
        throw new PoolError('SHADOW_NOT_ON', 'this worker has no section `shadow`');
      }),
    ),
  };
}

/** Builds the activity that lets the sentinel look once. */
export function createSentinelActivities(deps: SentinelDeps) {
  return { lookAtSources: guarded(() => lookAtSources(deps)) };
}
