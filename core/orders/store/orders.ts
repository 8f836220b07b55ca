/** Orders of people. Each is written with its line in the audit log, is taken up by a worker, and ends once. */
import { randomUUID } from 'node:crypto';
import { and, eq, isNull, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader } from '../../db/database.js';
import { transact } from '../../db/transact.js';
import { recordDecision } from '../../ledger/store/audit-log.js';
import { type Order, type OrderKind, orderLifetimeMs } from '../rules/order-kinds.js';
import { operatorOrder } from './tables.js';

export type NewOrder<Kind extends OrderKind> = Omit<Order<Kind>, 'id'>;

/** Stores an order. An order that changes something needs a reason, and gets a line in the audit log. */
export async function placeOrder<Kind extends OrderKind>(
  db: Database,
  order: NewOrder<Kind>,
): Promise<Order<Kind>> {
  const placed: Order<Kind> = { ...order, id: randomUUID() };
  const { id, kind, subject, actor, reason, dryRun } = placed;
  if (!dryRun && reason.trim() === '') throw new PoolError('REASON_MISSING', 'a reason is needed');
  await transact(db, async (tx) => {
    await tx.insert(operatorOrder).values(placed);
    if (dryRun) return;
    const detail = { order: id, args: JSON.stringify(placed.args) };
    await recordDecision(tx, { actor, reason, action: `order.${kind}`, subject, detail });
  });
  return placed;
}

export interface KeptOrder<Kind extends OrderKind> extends Order<Kind> {
  /** The result when the order was already carried out; undefined while it is open. */
  readonly result: unknown;
}

/**
 * Takes up an order to carry it out now; from then on it cannot be withdrawn. Throws ORDER_UNKNOWN when nobody gave
 * it, and ORDER_ENDED when it was refused, was withdrawn, or is too old.
 */
export async function takeOrder<Kind extends OrderKind>(
  reader: Reader,
  kind: Kind,
  id: string,
): Promise<KeptOrder<Kind>> {
  const row = await lookUp(reader, kind, id);
  const { subject, dryRun, actor, reason, state, createdAt } = row.order;
  const args = row.order.args as Order<Kind>['args'];
  const order = { id, kind, subject, args, dryRun, actor, reason };
  if (state === 'done') return { ...order, result: row.order.result };
  // The age is by the database's clock. An order from the future is refused too, because it would never expire.
  const isTimely = row.ageMs >= -CLOCKS_APART_MS && row.ageMs <= orderLifetimeMs(kind);
  if (state === 'open' && !isTimely) {
    throw new PoolError('ORDER_ENDED', `order ${id} of ${createdAt.toISOString()} is too old`);
  }
  const taken = await reader
    .update(operatorOrder)
    .set({ takenAt: sql`coalesce(taken_at, now())` })
    .where(and(eq(operatorOrder.id, id), eq(operatorOrder.state, 'open')))
    .returning({ id: operatorOrder.id });
  if (taken.length > 0) return { ...order, result: undefined };
  const { order: now } = await lookUp(reader, kind, id);
  if (now.state === 'done') return { ...order, result: now.result };
  throw new PoolError('ORDER_ENDED', `order ${id} was ${now.state}`);
}

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

const CLOCKS_APART_MS = 60_000;
/** Ids are checked, because anybody who can start workflows may pass any text. */
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

async function lookUp(reader: Reader, kind: OrderKind, id: string) {
  const ageMs = sql<number>`(extract(epoch FROM now() - created_at) * 1000)::float8`;
  const [row] = UUID.test(id)
    ? await reader
        .select({ order: operatorOrder, ageMs })
        .from(operatorOrder)
        .where(eq(operatorOrder.id, id))
    : [];
  if (row !== undefined && row.order.kind === kind) return row;
  throw new PoolError('ORDER_UNKNOWN', `nobody has ordered ${kind} as ${id}`);
}

/** Ends an order and stores its result. Only the first end counts. */
export async function endOrder(
  reader: Reader,
  id: string,
  end: { readonly state: 'done' | 'refused'; readonly result?: unknown },
): Promise<void> {
  await reader
    .update(operatorOrder)
    .set({ state: end.state, result: end.result ?? null, endedAt: sql`now()` })
    .where(and(eq(operatorOrder.id, id), eq(operatorOrder.state, 'open')));
}

/** Withdraws an order that no worker has taken up. Returns false when one has; then the order goes on. */
export async function withdrawOrder(reader: Reader, id: string): Promise<boolean> {
  const withdrawn = await reader
    .update(operatorOrder)
    .set({ state: 'withdrawn', endedAt: sql`now()` })
    .where(
      and(eq(operatorOrder.id, id), eq(operatorOrder.state, 'open'), isNull(operatorOrder.takenAt)),
    )
    .returning({ id: operatorOrder.id });
  return withdrawn.length > 0;
}
