/** Activities that carry out what a person ordered: their input is the order's id, and nothing else counts. */

import { PoolError } from '../core/base/errors/pool-error.js';
import type { Database } from '../core/db/database.js';
import type { Order, OrderKind } from '../core/orders/rules/order-kinds.js';
import { endOrder, takeOrder } from '../core/orders/store/orders.js';
import type { OrderInput, Unscoped } from '../workflows/contract.js';
import { guarded } from './failure.js';

/**
 * An activity for orders of this kind, once each: what was carried out before answers with what it came
 * to then. An order that is refused stays refused. `carryOut` may run again, or twice at a time, for the
 * same order: it must know what it did by the order's id.
 */
export function ordered<Kind extends OrderKind, Result>(
  db: Database,
  kind: Kind,
  carryOut: (order: Order<Kind>) => Promise<Result>,
): (input: Unscoped<OrderInput>) => Promise<Result> {
  return guarded(async ({ orderId }: Unscoped<OrderInput>) => {
    const order = await takeOrder(db, kind, orderId);
    if (order.result !== undefined) return order.result as Result;
    try {
      const result = await carryOut(order);
      await endOrder(db, orderId, { state: 'done', result });
      return result;
    } catch (error) {
      if (error instanceof PoolError && error.final) {
        const { code, message } = error;
        await endOrder(db, orderId, { state: 'refused', result: { code, message } });
      }
      throw error;
    }
  });
}
