import { sql } from 'drizzle-orm';
import type { Transaction } from './database.js';
import { list } from './query.js';
import type { Account, PostingKind } from './schema.js';

export interface Movement {
  readonly kind: Extract<PostingKind, 'reserve' | 'settle' | 'release' | 'reopen'>;
  readonly from: Account;
  readonly to: Account;
  readonly payoutIds: readonly string[];
}

/**
 * Moves payouts' amounts between two accounts of their worker rows, along their allocations. One
 * posting per payout and settlement; a second one of a kind is refused by the database.
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
