/** Signed bytes that the ledger has lost and that were found on the chain again. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { GasFees } from '../../../chain/rules/gas-fees.js';
import type { Database, Reader, Transaction } from '../../../db/database.js';
import { list } from '../../../db/query.js';
import { transact } from '../../../db/transact.js';
import { remoteWorker } from '../../../ledger/store/tables.js';
import type { Attempt } from '../tables.js';
import type { WalletKey } from '../wallet/paying-wallet.js';

export type RecoveredAttempt = Pick<Attempt, 'hash' | 'nonce' | 'raw' | 'gasLimit'> & GasFees;

/** Returns which of these addresses are payees. Every destination of a payout is one. */
export async function knownPayees(
  reader: Reader,
  addresses: readonly Address[],
): Promise<ReadonlySet<Address>> {
  const known = await reader
    .select({ payee: remoteWorker.payee })
    .from(remoteWorker)
    .where(sql`${remoteWorker.payee} = ANY(${list(addresses)}::text[])`);
  return new Set(known.map(({ payee }) => payee));
}

/** Stores bytes that were found on the chain under a payout's own nonce. */
export async function recoverAttempts(
  db: Database,
  key: WalletKey,
  ours: readonly RecoveredAttempt[],
): Promise<void> {
  await transact(db, (tx) => keepRecovered(tx, key, ours));
}

/** Stores these bytes as `recoverAttempts` does, inside the caller's transaction. */
export async function keepRecovered(
  tx: Transaction,
  key: WalletKey,
  ours: readonly RecoveredAttempt[],
): Promise<void> {
  for (const one of ours) {
    await tx.execute(sql`
      INSERT INTO attempt (hash, chain_id, wallet, nonce, n, raw, gas_limit, max_fee_per_gas_wei,
                           max_priority_fee_per_gas_wei, last_answer)
      SELECT ${one.hash}, ${key.chainId}, ${key.address}, ${one.nonce}, coalesce(max(n), 0) + 1,
             ${Buffer.from(one.raw)}, ${one.gasLimit.toString()}, ${one.maxFeePerGasWei.toString()},
             ${one.maxPriorityFeePerGasWei.toString()}, 'found on the chain'
        FROM attempt
       WHERE chain_id = ${key.chainId} AND wallet = ${key.address} AND nonce = ${one.nonce}
      ON CONFLICT (hash) DO NOTHING`);
  }
}
