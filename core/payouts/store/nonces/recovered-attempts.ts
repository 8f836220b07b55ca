/** What the ledger knows of the chain, and signed bytes that it has lost and that were found there again. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { GasFees } from '../../../chain/rules/gas-fees.js';
import type { Reader } from '../../../db/database.js';
import { list, rows } from '../../../db/query.js';
import { remoteWorker } from '../../../ledger/store/tables.js';
import type { Attempt } from '../tables.js';
import type { WalletKey } from '../wallet/paying-wallet.js';

export type RecoveredAttempt = Pick<Attempt, 'hash' | 'nonce' | 'raw' | 'gasLimit'> & GasFees;

/** Returns which of these addresses are payees, or where a payee wished to be paid. Every destination of a payout is one. */
export async function knownPayees(
  reader: Reader,
  addresses: readonly Address[],
): Promise<ReadonlySet<Address>> {
  const known = await rows(
    reader,
    { payee: remoteWorker.payee },
    sql`SELECT payee FROM remote_worker WHERE payee = ANY(${list(addresses)}::text[])
         UNION
        SELECT destination FROM payee_redirect
         WHERE refusal IS NULL AND destination = ANY(${list(addresses)}::text[])`,
  );
  return new Set(known.map(({ payee }) => payee));
}

/**
 * Returns whom a transfer paid that this ledger did not sign: the payee with a payout of this very amount that is not signed
 * yet, else the payee whose own address it is, else the one who wished first to be paid there. Those who are paid at one
 * address have one owner, who gets the right sum in every case.
 */
export async function payeePaidAt(
  reader: Reader,
  { to, valueWei }: { readonly to: Address; readonly valueWei: bigint },
): Promise<Address | undefined> {
  const [found] = await rows(
    reader,
    { payee: remoteWorker.payee },
    sql`SELECT payee FROM (
          SELECT payee, 1 AS rank, created_at AS since FROM payout
           WHERE destination = ${to} AND state = 'reserved' AND amount_wei = ${valueWei.toString()}
           UNION ALL
          SELECT address, 2, created_at FROM payee WHERE address = ${to}
           UNION ALL
          SELECT payee, 3, confirmed_at FROM payee_redirect
           WHERE destination = ${to} AND refusal IS NULL) paid
         ORDER BY rank, since, payee LIMIT 1`,
  );
  return found?.payee;
}

/** Stores bytes that were found on the chain under a payout's own nonce. */
export async function recoverAttempts(
  db: Reader,
  key: WalletKey,
  ours: readonly RecoveredAttempt[],
): Promise<void> {
  for (const one of ours) {
    await db.execute(sql`
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

/** A search begins this many blocks earlier than needed, because a reorg may have moved a transaction to an earlier block. */
const REORG_MARGIN = 100;

/** Returns the newest block that is final for each wallet, and the newest block of an adopted transaction. */
export function newestFinalBlocks(
  reader: Reader,
  chainId: number,
): Promise<readonly { readonly number: number; readonly hash: string }[]> {
  const statement = sql`
    SELECT block_number AS number, block_hash AS hash FROM (
      SELECT slot.block_number, slot.block_hash FROM wallet, LATERAL (
        SELECT block_number, block_hash FROM nonce_slot
         WHERE chain_id = wallet.chain_id AND wallet = wallet.address
           AND state = 'mined' AND final_at IS NOT NULL
         ORDER BY nonce DESC LIMIT 1) slot
       WHERE wallet.chain_id = ${chainId}
      UNION ALL
      (SELECT block_number, block_hash FROM foreign_transaction
        WHERE chain_id = ${chainId} ORDER BY block_number DESC LIMIT 1)) AS known
     ORDER BY block_number DESC`;
  return rows(reader, { number: Number, hash: String }, statement);
}

/** Returns a block at which this nonce of the wallet was not consumed yet. */
export async function searchStart(reader: Reader, key: WalletKey, nonce: number): Promise<number> {
  const statement = sql`
    SELECT coalesce((SELECT block_number FROM nonce_slot
                      WHERE chain_id = ${key.chainId} AND wallet = ${key.address}
                        AND nonce < ${nonce} AND state IN ('mined', 'failed')
                      ORDER BY nonce DESC LIMIT 1),
                    opening_block) AS block
      FROM wallet WHERE chain_id = ${key.chainId} AND address = ${key.address}`;
  const [before] = await rows(reader, { block: Number }, statement);
  return Math.max((before?.block ?? 0) - REORG_MARGIN, 0);
}
