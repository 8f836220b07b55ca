import { and, asc, eq, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Transaction } from '../../db/database.js';
import { list } from '../../db/query.js';
import {
  type Account,
  balance,
  type PostingKind,
  remoteWorker,
} from '../../ledger/store/tables.js';
import { allocatePayment } from '../rules/payout-allocation.js';

export interface Movement {
  readonly kind: Extract<PostingKind, 'reserve' | 'settle' | 'release' | 'reopen'>;
  readonly from: Account;
  readonly to: Account;
  readonly payoutIds: readonly string[];
}

/**
 * Moves payouts' amounts between two accounts of their worker rows, according to their allocations. It writes one
 * posting for each payout and settlement; the database refuses a second one of the same kind.
 */
export async function postMovement(tx: Transaction, movement: Movement): Promise<void> {
  if (movement.payoutIds.length === 0) return;
  await tx.execute(sql`
    WITH moved AS (
      INSERT INTO posting (kind, payout_id, settlement_no)
      SELECT ${movement.kind}::text, id, settlement_no FROM payout
       WHERE id = ANY(${list(movement.payoutIds)}::uuid[]) ORDER BY id
      RETURNING id, payout_id)
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    SELECT moved.id, side.account, allocation.remote_worker_id, side.sign * allocation.amount_wei
      FROM moved
      JOIN payout_allocation allocation ON allocation.payout_id = moved.payout_id
     CROSS JOIN (VALUES (${movement.from}::text, -1), (${movement.to}::text, 1)) AS side (account, sign)`);
}

/**
 * Books a payment that no payout made: pending goes down and paid goes up, over the payee's worker rows. `reference`
 * identifies the payment, and the database refuses the same reference a second time.
 */
export async function postPayment(
  tx: Transaction,
  payment: { readonly payee: Address; readonly valueWei: bigint; readonly reference: string },
): Promise<void> {
  const pending = await tx
    .select({
      remoteWorkerId: remoteWorker.id,
      amountWei: sql`coalesce(${balance.amountWei}, 0)`.mapWith(balance.amountWei),
    })
    .from(remoteWorker)
    .leftJoin(
      balance,
      and(eq(balance.remoteWorkerId, remoteWorker.id), eq(balance.account, 'pending')),
    )
    .where(eq(remoteWorker.payee, payment.payee))
    .orderBy(asc(remoteWorker.id));
  const parts = allocatePayment(pending, payment.valueWei);
  await tx.execute(sql`
    WITH made AS (
      INSERT INTO posting (kind, reference) VALUES ('adopt', ${payment.reference}) RETURNING id)
    INSERT INTO ledger_entry (posting_id, account, remote_worker_id, amount_wei)
    SELECT made.id, side.account, part.worker, side.sign * part.amount
      FROM made
     CROSS JOIN unnest(${list(parts.map((part) => part.remoteWorkerId))}::bigint[],
                       ${list(parts.map((part) => part.amountWei))}::numeric[]) AS part (worker, amount)
     CROSS JOIN (VALUES ('pending', -1), ('paid', 1)) AS side (account, sign)`);
}
