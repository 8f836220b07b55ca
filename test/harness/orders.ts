import type { Database } from '../../core/db/database.js';
import type { OrderArgs, OrderKind } from '../../core/orders/rules/order-kinds.js';
import { placeOrder } from '../../core/orders/store/orders.js';

interface Giver {
  readonly dryRun?: boolean;
  readonly actor?: string;
  readonly reason?: string;
}

/** Places an order as the API would; answers with the input of its workflow and activity. */
export async function giveOrder<Kind extends OrderKind>(
  db: Database,
  kind: Kind,
  args: OrderArgs[Kind],
  giver: Giver = {},
): Promise<{ readonly orderId: string }> {
  const said = { dryRun: false, actor: 'ann', reason: 'because', ...giver };
  const { id } = await placeOrder(db, { kind, subject: 'the test', args, ...said });
  return { orderId: id };
}
