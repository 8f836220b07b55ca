import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Reader, Transaction } from '../../db/database.js';
import { query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, MANAGER, recordDecision } from '../../ledger/store/audit-log.js';

/** Stops further payouts to a payee whose destination refused, until an operator looks. */
export async function markUnpayable(
  tx: Transaction,
  payee: Address,
  refusal: { readonly code: string; readonly reason: string },
): Promise<void> {
  await tx.execute(sql`
    UPDATE payee SET unpayable_code = ${refusal.code}, unpayable_reason = ${refusal.reason},
           unpayable_at = now()
     WHERE address = ${payee}`);
  await recordDecision(tx, {
    actor: MANAGER,
    action: 'payee.unpayable',
    subject: payee,
    reason: refusal.reason,
  });
}

/** Keeps what a failed transfer to the payee has cost, and how much gas its next payout is to have at least. */
export async function noteBurntGas(
  tx: Transaction,
  payee: Address,
  failure: {
    readonly inclusion: { readonly gasUsed: bigint; readonly gasPriceWei: bigint };
    readonly nextGasLimit: bigint | null;
  },
): Promise<void> {
  const { inclusion, nextGasLimit } = failure;
  const burntWei = inclusion.gasUsed * inclusion.gasPriceWei;
  await tx.execute(sql`
    UPDATE payee SET burnt_gas_wei = burnt_gas_wei + ${burntWei.toString()}::numeric,
           gas_limit = coalesce(${nextGasLimit?.toString() ?? null}::bigint, gas_limit)
     WHERE address = ${payee}`);
}

/** Lets a payee be paid again. False when nothing stood in the way. */
export async function releasePayee(
  db: Reader,
  payee: Address,
  decision: Decision,
): Promise<boolean> {
  return transact(db, async (tx) => {
    const [row] = await query<{ code: string | null }>(
      tx,
      sql`SELECT unpayable_code AS code FROM payee WHERE address = ${payee} FOR NO KEY UPDATE`,
    );
    if (row === undefined) throw new PoolError('PAYEE_UNKNOWN', `${payee} was never seen`);
    if (row.code === null) return false;
    await tx.execute(sql`
      UPDATE payee SET unpayable_code = NULL, unpayable_reason = NULL, unpayable_at = NULL
       WHERE address = ${payee}`);
    await recordDecision(tx, { ...decision, action: 'payee.release', subject: payee });
    return true;
  });
}
