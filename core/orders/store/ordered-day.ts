/** The limit on how much orders of people may move in a day. */
import { and, eq, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { ethAndWei } from '../../base/money.js';
import type { Transaction } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';
import { rows } from '../../db/query.js';
import { ledgerEntry, payee } from '../../ledger/store/tables.js';

/**
 * Throws ORDERED_DAY_ABOVE_CAP when adjustments, plus jobs assigned to payees that no event has named, would add up
 * to more than `capWei` within 24 hours. Orders that add something pass here one at a time, because each holds a lock
 * until its transaction ends.
 */
export async function refuseAboveDay(
  tx: Transaction,
  { addWei, capWei }: { readonly addWei: bigint; readonly capWei: bigint },
): Promise<void> {
  if (addWei <= 0n) return;
  await tx.execute(sql`SELECT pg_advisory_xact_lock(${LOCKS.orderedDay}::bigint)`);
  const statement = sql`
    SELECT (SELECT coalesce(sum(entry.amount_wei), 0)
              FROM posting JOIN ledger_entry entry
                ON entry.posting_id = posting.id AND entry.account = 'pending'
             WHERE posting.kind = 'adjust' AND posting.reference IS NOT NULL
               AND posting.created_at > now() - interval '24 hours' AND entry.amount_wei > 0)
         + (SELECT coalesce(sum(job.gross_wei - job.commission_wei), 0)
              FROM decided_job job
              JOIN remote_worker w ON w.id = job.remote_worker_id
              JOIN payee ON payee.address = w.payee AND payee.ordered_at IS NOT NULL
             WHERE job.decision = 'assign' AND job.decided_at > now() - interval '24 hours')
           AS "usedWei"`;
  const [day] = await rows(tx, { usedWei: ledgerEntry.amountWei }, statement);
  const usedWei = day?.usedWei ?? 0n;
  if (usedWei + addWei <= capWei) return;
  const words =
    `${ethAndWei(usedWei)} were ordered in the last 24 hours, and with these ${ethAndWei(addWei)} ` +
    `that is more than pool.maxOrderedPerDay, ${ethAndWei(capWei)}`;
  throw new PoolError('ORDERED_DAY_ABOVE_CAP', words);
}

/** Marks the payee as created by an order if this very transaction has created it: then no event has named it. */
export async function markOrdered(tx: Transaction, address: Address): Promise<void> {
  await tx
    .update(payee)
    .set({ orderedAt: sql`now()` })
    .where(and(eq(payee.address, address), eq(payee.createdAt, sql`now()`)));
}

/** Whether an order has created the payee, or is about to. */
export async function isOrderedPayee(tx: Transaction, address: Address): Promise<boolean> {
  const { orderedAt } = payee;
  const [known] = await tx.select({ orderedAt }).from(payee).where(eq(payee.address, address));
  return known === undefined || known.orderedAt !== null;
}
