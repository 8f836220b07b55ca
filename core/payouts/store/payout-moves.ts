/** Changes the state of payouts. No other file does; each change is a move of the state machine. */
import { sql } from 'drizzle-orm';
import type { Transaction } from '../../db/database.js';
import { list, query } from '../../db/query.js';
import { isClosed } from '../rules/payout.js';
import { PAYOUT_MOVES, type PayoutMove, type PayoutMoveName } from '../rules/payout-machine.js';
import { postMovement } from './payout-postings.js';

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
  const changed = await query(
    tx,
    sql`UPDATE payout SET state = ${move.to}, wait_code = NULL, wait_reason = NULL,
               signed_at = CASE WHEN ${name === 'sign'} THEN now() ELSE signed_at END,
               closed_at = CASE WHEN ${isClosed(move.to)} THEN now() END,
               told_at = NULL,
               settlement_no = settlement_no + ${name === 'reopen' ? 1 : 0}
         WHERE id = ANY(${list(payoutIds)}::uuid[]) AND state = ANY(${list(move.from)}::text[])
        RETURNING id`,
  );
  if (changed.length !== payoutIds.length) {
    const words = `${changed.length} of ${payoutIds.length} payouts could ${name}`;
    throw new Error(`${words}: the others are not ${move.from.join(' or ')}`);
  }
  if (move.books !== null) await postMovement(tx, { ...move.books, payoutIds });
}
