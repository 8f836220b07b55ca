import { adoptWallets } from '../core/checks/adoption.js';
import { auditPool } from '../core/checks/audit/audit.js';
import { payElsewhere, releasePayout } from '../core/checks/payout-repairs.js';
import { recheckSettled } from '../core/checks/recheck.js';
import { reconcile } from '../core/checks/reconciliation.js';
import { givenBy } from '../core/orders/rules/order-kinds.js';
import type { MoneyDeps } from '../core/payouts/wallet/money-deps.js';
import type { AuditInput, ReconciliationInput, Unscoped } from '../workflows/contract.js';
import { beating, PAGE_MS, REPAIR_MS } from './beating.js';
import { guarded } from './failure.js';
import { ordered } from './orders.js';

const checking = (words: string) => ({ words, mostMs: PAGE_MS });
const repairing = (words: string) => ({ words, mostMs: REPAIR_MS });

/** Builds the activities that check the ledger and the chain, and repair what a check or a person found. */
export function createCheckActivities(deps: MoneyDeps) {
  return {
    auditPool: guarded((input: Unscoped<AuditInput>) =>
      beating(checking('holding the ledger against itself'), (onProgress) =>
        auditPool(deps, input, onProgress),
      ),
    ),
    recheckSettled: guarded(() =>
      beating(checking('looking again at what is paid'), (onProgress) =>
        recheckSettled(deps, onProgress),
      ),
    ),
    reconcileWallet: guarded((input: Unscoped<ReconciliationInput>) =>
      beating(checking('holding the chain against the ledger'), (onProgress) =>
        reconcile(deps, input, onProgress),
      ),
    ),
    adoptWallet: ordered(deps.db, 'wallet.adopt', (order) =>
      beating(repairing('looking for what the key did'), (onProgress) =>
        adoptWallets(deps, givenBy(order), onProgress),
      ),
    ),
    releasePayout: ordered(deps.db, 'payout.release', (order) =>
      beating(repairing('looking at its transactions'), () => releasePayout(deps, givenBy(order))),
    ),
    payElsewhere: ordered(deps.db, 'payout.paid-elsewhere', (order) =>
      beating(repairing('looking for the proof'), () => payElsewhere(deps, givenBy(order))),
    ),
  };
}
