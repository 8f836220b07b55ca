import type { Database } from '../core/db/database.js';
import {
  adjustPayee,
  carryOutOnJobs,
  type DecisionDeps,
} from '../core/decisions/decision-orders.js';
import type { Order, OrderKind } from '../core/orders/rules/order-kinds.js';
import { carryOut } from '../core/orders/store/orders.js';
import type { OrderInput, Unscoped } from '../workflows/contract.js';
import { beating, REPAIR_MS } from './beating.js';
import { guarded } from './failure.js';

/** Makes an activity that carries out orders of this kind. Its input is the id; the order itself is in the ledger. */
export function ordered<Kind extends OrderKind, Result>(
  db: Database,
  kind: Kind,
  work: (order: Order<Kind>) => Promise<Result>,
): (input: Unscoped<OrderInput>) => Promise<Result> {
  return guarded(({ orderId }: Unscoped<OrderInput>) => carryOut(db, { kind, orderId }, work));
}

/** Builds the activities of decisions about fees. Each may safely run twice for one order, even at the same time. */
export function createDecisionActivities(deps: DecisionDeps) {
  const { db } = deps;
  return {
    assignJobs: ordered(db, 'jobs.assign', (order) =>
      beating('assigning unattributed jobs', REPAIR_MS, (onProgress) =>
        carryOutOnJobs(deps, order, onProgress),
      ),
    ),
    absorbJobs: ordered(db, 'jobs.absorb', (order) =>
      beating('absorbing unattributed jobs', REPAIR_MS, (onProgress) =>
        carryOutOnJobs(deps, order, onProgress),
      ),
    ),
    adjustPayee: ordered(db, 'ledger.adjust', (order) =>
      beating('booking an adjustment', REPAIR_MS, () => adjustPayee(deps, order)),
    ),
  };
}
