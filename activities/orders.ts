import type { Database } from '../core/db/database.js';
import type { Order, OrderKind } from '../core/orders/rules/order-kinds.js';
import { carryOut } from '../core/orders/store/orders.js';
import type { OrderInput, Unscoped } from '../workflows/contract.js';
import { guarded } from './failure.js';

/**
 * Makes an activity that carries out orders of this kind. Its input is the order's id alone; the order itself is in the
 * ledger.
 */
export function ordered<Kind extends OrderKind, Result>(
  db: Database,
  kind: Kind,
  work: (order: Order<Kind>) => Promise<Result>,
): (input: Unscoped<OrderInput>) => Promise<Result> {
  return guarded(({ orderId }: Unscoped<OrderInput>) => carryOut(db, { kind, orderId }, work));
}
