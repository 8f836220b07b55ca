/** What orders of people may move in a day. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import { ethAndWei } from '../../base/money.js';
import type { Transaction } from '../../db/database.js';
import { LOCKS } from '../../db/locks.js';
import { query } from '../../db/query.js';

/**
 * Throws ORDERED_DAY_ABOVE_CAP when adjustments, and jobs assigned to payees that no event has named, would
 * come to more than `capWei` within 24 hours. Orders that add stand in line here until their transaction ends.
 */
export async function refuseAboveDay(
  tx: Transaction,
  { addWei, capWei }: { readonly addWei: bigint; readonly capWei: bigint },
): Promise<void> {
  if (addWei <= 0n) return;
  await tx.execute(sql`SELECT pg_advisory_xact_lock(${LOCKS.orderedDay}::bigint)`);
  const [row] = await query<{ used: string }>(
    tx,
    sql`SELECT (SELECT coalesce(sum(entry.amount_wei), 0)
                  FROM posting JOIN ledger_entry entry
                    ON entry.posting_id = posting.id AND entry.account = 'pending'
                 WHERE posting.kind = 'adjust' AND posting.reference IS NOT NULL
                   AND posting.created_at > now() - interval '24 hours' AND entry.amount_wei > 0)
             + (SELECT coalesce(sum(job.gross_wei - job.commission_wei), 0)
                  FROM decided_job job
                  JOIN remote_worker w ON w.id = job.remote_worker_id
                  JOIN payee ON payee.address = w.payee AND payee.ordered_at IS NOT NULL
                 WHERE job.decision = 'assign' AND job.decided_at > now() - interval '24 hours')
               AS used`,
  );
  const usedWei = BigInt(row?.used ?? '0');
  if (usedWei + addWei <= capWei) return;
  const words =
    `${ethAndWei(usedWei)} were ordered in the last 24 hours, and with these ${ethAndWei(addWei)} ` +
    `that is more than pool.maxOrderedPerDay, ${ethAndWei(capWei)}`;
  throw new PoolError('ORDERED_DAY_ABOVE_CAP', words);
}

/** Marks a payee that this very transaction has made: no event has named it. */
export async function markOrdered(tx: Transaction, payee: Address): Promise<void> {
  await tx.execute(sql`
    UPDATE payee SET ordered_at = now() WHERE address = ${payee} AND created_at = now()`);
}

/** Whether the payee came by an order, or is about to. */
export async function isOrderedPayee(tx: Transaction, payee: Address): Promise<boolean> {
  const [known] = await query<{ ordered: boolean }>(
    tx,
    sql`SELECT ordered_at IS NOT NULL AS ordered FROM payee WHERE address = ${payee}`,
  );
  return known === undefined || known.ordered;
}
