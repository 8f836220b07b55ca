/** The balance that the chain showed last: told to people, never decided by. */
import { sql } from 'drizzle-orm';
import type { Database } from '../../../db/database.js';
import type { WalletKey } from './wallets.js';

export interface SeenBalance {
  readonly wei: bigint;
  readonly block: number;
  readonly at: Date;
}

/** Keeps it for a wallet that the ledger has met. */
export async function recordBalance(
  db: Database,
  key: WalletKey,
  seen: Omit<SeenBalance, 'at'>,
): Promise<void> {
  await db.execute(sql`
    INSERT INTO wallet_balance (chain_id, wallet, balance_wei, block_number, seen_at)
    SELECT chain_id, address, ${seen.wei.toString()}::numeric, ${seen.block}::bigint, now()
      FROM wallet WHERE chain_id = ${key.chainId} AND address = ${key.address}
    ON CONFLICT (chain_id, wallet) DO UPDATE
      SET balance_wei = excluded.balance_wei, block_number = excluded.block_number,
          seen_at = excluded.seen_at`);
}
