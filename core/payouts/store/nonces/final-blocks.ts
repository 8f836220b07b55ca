import { sql } from 'drizzle-orm';
import type { Reader } from '../../../db/database.js';
import { query } from '../../../db/query.js';

/** Blocks that are canonical for good wherever the ledger's own chain is shown. */
export async function newestFinalBlocks(
  reader: Reader,
  chainId: number,
): Promise<readonly { readonly number: number; readonly hash: string }[]> {
  const rows = await query<{ block_number: string; block_hash: string }>(
    reader,
    sql`SELECT block_number, block_hash FROM (
          SELECT slot.block_number, slot.block_hash FROM wallet, LATERAL (
            SELECT block_number, block_hash FROM nonce_slot
             WHERE chain_id = wallet.chain_id AND wallet = wallet.address
               AND state = 'mined' AND final_at IS NOT NULL
             ORDER BY nonce DESC LIMIT 1) slot
           WHERE wallet.chain_id = ${chainId}
          UNION ALL
          (SELECT block_number, block_hash FROM foreign_transaction
            WHERE chain_id = ${chainId} ORDER BY block_number DESC LIMIT 1)) AS known
         ORDER BY block_number DESC`,
  );
  return rows.map((row) => ({ number: Number(row.block_number), hash: row.block_hash }));
}
