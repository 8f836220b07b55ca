/** Changes the state of payouts, and books what they move. No other file does; each change is a move of the state machine. */
import { and, asc, eq, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Transaction } from '../../db/database.js';
import { list, query } from '../../db/query.js';
import { balance, remoteWorker } from '../../ledger/store/tables.js';
import { isClosed } from '../rules/payout.js';
import { allocatePayment } from '../rules/payout-allocation.js';
import { PAYOUT_MOVES, type PayoutMove, type PayoutMoveName } from '../rules/payout-machine.js';
import { tellMove } from './payout-notices.js';

/**
 * Moves payouts to the next state, and their amounts in the ledger. Throws when the move does not begin in the
 * current state of one of them, so the whole transaction is rolled back.
 */
export async function movePayouts(
  tx: Transaction,
  name: Exclude<PayoutMoveName, 'reserve'>,
  payoutIds: readonly string[],
): Promise<void> {
  if (payoutIds.length === 0) return;
  const move: PayoutMove = PAYOUT_MOVES[name];
  const statement = sql`
    UPDATE payout SET state = ${move.to}, wait_code = NULL, wait_reason = NULL,
           signed_at = CASE WHEN ${name === 'sign'} THEN now() ELSE signed_at END,
           closed_at = CASE WHEN ${isClosed(move.to)} THEN now() END,
           told_at = NULL,
           settlement_no = settlement_no + ${name === 'reopen' ? 1 : 0}
     WHERE id = ANY(${list(payoutIds)}::uuid[]) AND state = ANY(${list(move.from)}::text[])
    RETURNING id`;
  const changed = await query(tx, statement);
  if (changed.length !== payoutIds.length) {
    const words = `${changed.length} of ${payoutIds.length} payouts could ${name}`;
    throw new Error(`${words}: the others are not ${move.from.join(' or ')}`);
  }
  if (move.books !== null) await postMovement(tx, { ...move.books, payoutIds });
  await tellMove(tx, name, payoutIds);
}

type Movement = NonNullable<PayoutMove['books']> & { readonly payoutIds: readonly string[] };

/**
 * Moves payouts' amounts between two accounts of their worker rows, according to their allocations. It writes one
 * posting for each payout and settlement; the database refuses a second one of the same kind.
 */
export async function postMovement(tx: Transaction, movement: Movement): Promise<void> {
  if (movement.payoutIds.length === 0) return;
  await tx.execute(sql`
    WITH moved AS (
      INSERT INTO posting (kind, payout_id, settlement_no, tx_hash)
      SELECT ${movement.kind}::text, id, settlement_no,
             CASE WHEN ${movement.kind === 'settle'} THEN (
               SELECT mined_hash FROM nonce_slot WHERE payout_id = payout.id AND state = 'mined') END
        FROM payout
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
