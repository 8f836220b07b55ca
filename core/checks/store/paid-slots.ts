/** Paid transfers until no reorg can take them back: looked at again, moved, or re-opened. */
import { sql } from 'drizzle-orm';
import type { Database, Reader } from '../../db/database.js';
import { list, query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { MANAGER, recordDecision } from '../../ledger/store/audit-log.js';
import { movePayouts } from '../../payouts/store/payout-moves.js';
import type { WalletKey } from '../../payouts/store/wallet/wallets.js';

/** A paid slot that a deep reorg could still take back. */
export interface PaidSlot {
  readonly nonce: number;
  readonly payoutId: string;
  readonly hash: string;
  readonly blockNumber: number;
  readonly blockHash: string;
}

/** A page of them, in nonce order. */
export async function slotsNotFinal(
  reader: Reader,
  key: WalletKey,
  page: { readonly from: number; readonly limit: number },
): Promise<readonly PaidSlot[]> {
  const rows = await query<{
    nonce: string;
    payout_id: string;
    mined_hash: string;
    block_number: string;
    block_hash: string;
  }>(
    reader,
    sql`SELECT nonce, payout_id, mined_hash, block_number, block_hash FROM nonce_slot
         WHERE chain_id = ${key.chainId} AND wallet = ${key.address} AND nonce >= ${page.from}
           AND state = 'mined' AND final_at IS NULL
         ORDER BY nonce LIMIT ${page.limit}`,
  );
  return rows.map((row) => ({
    nonce: Number(row.nonce),
    payoutId: row.payout_id,
    hash: row.mined_hash,
    blockNumber: Number(row.block_number),
    blockHash: row.block_hash,
  }));
}

/** No need to look at these again. */
export async function markFinal(
  db: Database,
  key: WalletKey,
  slots: readonly PaidSlot[],
): Promise<void> {
  if (slots.length === 0) return;
  await db.execute(sql`
    UPDATE nonce_slot SET final_at = now()
     WHERE chain_id = ${key.chainId} AND wallet = ${key.address} AND state = 'mined'
       AND nonce = ANY(${list(slots.map(({ nonce }) => nonce))}::bigint[])`);
}

/** A reorg put the transfer into another block. */
export async function moveSlot(
  db: Database,
  key: WalletKey,
  moved: PaidSlot & { readonly gasUsed: bigint; readonly gasPriceWei: bigint },
): Promise<void> {
  await db.execute(sql`
    UPDATE nonce_slot SET block_number = ${moved.blockNumber}, block_hash = ${moved.blockHash},
           gas_used = ${moved.gasUsed.toString()}, gas_price_wei = ${moved.gasPriceWei.toString()}
     WHERE chain_id = ${key.chainId} AND wallet = ${key.address} AND nonce = ${moved.nonce}
       AND state = 'mined' AND mined_hash = ${moved.hash}`);
}

/**
 * A reorg took the transfer back: its amount is reserved again and its same bytes go out again, under
 * the same nonce. False when another process was quicker.
 */
export async function reopenPayout(db: Database, key: WalletKey, slot: PaidSlot): Promise<boolean> {
  return transact(db, async (tx) => {
    await tx.execute(sql`SELECT FROM payout WHERE id = ${slot.payoutId} FOR NO KEY UPDATE`);
    const opened = await query(
      tx,
      sql`UPDATE nonce_slot SET state = 'open', mined_hash = NULL, block_number = NULL, block_hash = NULL,
                 gas_used = NULL, gas_price_wei = NULL, closed_at = NULL
           WHERE chain_id = ${key.chainId} AND wallet = ${key.address} AND nonce = ${slot.nonce}
             AND state = 'mined' AND mined_hash = ${slot.hash} AND block_hash = ${slot.blockHash}
          RETURNING 1`,
    );
    if (opened.length === 0) return false;
    await movePayouts(tx, 'reopen', [slot.payoutId]);
    await recordDecision(tx, {
      actor: MANAGER,
      action: 'payout.reopen',
      subject: slot.payoutId,
      reason: `a reorg took back transaction ${slot.hash} of block ${slot.blockNumber}`,
    });
    return true;
  });
}
