/** Finds blocks in the ledger: those by which it recognises its chain, and those from which it searches for what a wallet has sent. */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../../db/database.js';
import { rows } from '../../../db/query.js';
import type { WalletKey } from '../wallet/paying-wallet.js';

/** A search begins this many blocks earlier than needed, because a reorg may have moved a transaction to an earlier block. */
const REORG_MARGIN = 100;

/** Returns the newest block that is final for each wallet, and the newest block of an adopted transaction. */
export function newestFinalBlocks(
  reader: Reader,
  chainId: number,
): Promise<readonly { readonly number: number; readonly hash: string }[]> {
  return rows(
    reader,
    { number: Number, hash: String },
    sql`SELECT block_number AS number, block_hash AS hash FROM (
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
}

/** Returns a block at which this nonce of the wallet was not consumed yet. */
export async function searchStart(reader: Reader, key: WalletKey, nonce: number): Promise<number> {
  const [before] = await rows(
    reader,
    { block: Number },
    sql`SELECT coalesce((SELECT block_number FROM nonce_slot
                          WHERE chain_id = ${key.chainId} AND wallet = ${key.address}
                            AND nonce < ${nonce} AND state IN ('mined', 'failed')
                          ORDER BY nonce DESC LIMIT 1),
                        opening_block) AS block
          FROM wallet WHERE chain_id = ${key.chainId} AND address = ${key.address}`,
  );
  return Math.max((before?.block ?? 0) - REORG_MARGIN, 0);
}
