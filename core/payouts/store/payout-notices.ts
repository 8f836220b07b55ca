/** Tells payees and operators of payouts that are paid, refused, or taken back by the chain. */
import { sql } from 'drizzle-orm';
import type { Transaction } from '../../db/database.js';
import { list } from '../../db/query.js';
import type { NoticeKind } from '../../notices/rules/notice-kinds.js';
import { insertNotices } from '../../notices/store/outbox.js';
import type { PayoutMoveName } from '../rules/payout-machine.js';

const TOLD: Partial<Readonly<Record<PayoutMoveName, NoticeKind>>> = {
  settle: 'paid',
  refuse: 'refused',
  reopen: 'reopened',
};

/** Writes what is told of this move, in its transaction. A payout that is settled again after a reorg is told again. */
export async function tellMove(
  tx: Transaction,
  name: PayoutMoveName,
  payoutIds: readonly string[],
): Promise<void> {
  const kind = TOLD[name];
  if (kind === undefined) return;
  await insertNotices(
    tx,
    sql`SELECT ${kind}::text || '/' || payout.id || '/' || payout.settlement_no AS key, ${kind}::text AS kind,
               payout.payee, NULL::text AS target_id,
               jsonb_build_object('payoutId', payout.id, 'payee', payout.payee,
                                  'amountWei', payout.amount_wei::text, 'txHash', slot.mined_hash) AS facts
          FROM payout LEFT JOIN nonce_slot slot ON slot.payout_id = payout.id
         WHERE payout.id = ANY(${list(payoutIds)}::uuid[])`,
  );
}
