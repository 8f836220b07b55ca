import { PoolError } from '../base/errors/pool-error.js';
import type { Database } from '../db/database.js';
import type { Order, OrderKind } from './rules/order-kinds.js';
import { endOrder, takeOrder } from './store/orders.js';

/**
 * Carries out the order with this id once. An order that was carried out before returns its earlier result, and an
 * order that was refused stays refused. `work` may run again, or twice at the same time, for one order: it must find
 * out by the order's id what it already did.
 */
export async function carryOut<Kind extends OrderKind, Result>(
  db: Database,
  asked: { readonly kind: Kind; readonly orderId: string },
  work: (order: Order<Kind>) => Promise<Result>,
): Promise<Result> {
  const { kind, orderId } = asked;
  const order = await takeOrder(db, kind, orderId);
  if (order.result !== undefined) return order.result as Result;
  try {
    const result = await work(order);
    await endOrder(db, orderId, { state: 'done', result });
    return result;
  } catch (error) {
    if (error instanceof PoolError && error.final) {
      const { code, message } = error;
      await endOrder(db, orderId, { state: 'refused', result: { code, message } });
    }
    throw error;
  }
}
