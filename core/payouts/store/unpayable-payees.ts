import { eq, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Reader, Transaction } from '../../db/database.js';
import { transact } from '../../db/transact.js';
import { type Decision, MANAGER, recordDecision } from '../../ledger/store/audit-log.js';
import { payee } from '../../ledger/store/tables.js';

/** Stops further payouts to a payee whose destination refused one, until an operator releases the payee. */
export async function markUnpayable(
  tx: Transaction,
  address: Address,
  refusal: { readonly code: string; readonly reason: string },
): Promise<void> {
  await tx
    .update(payee)
    .set({
      unpayableCode: refusal.code,
      unpayableReason: refusal.reason,
      unpayableAt: sql`now()`,
    })
    .where(eq(payee.address, address));
  await recordDecision(tx, {
    actor: MANAGER,
    action: 'payee.unpayable',
    subject: address,
    reason: refusal.reason,
  });
}

/** Adds the cost of a failed transfer to what the payee's transfers have burnt, and stores the lowest gas limit for its next payout. */
export async function noteBurntGas(
  tx: Transaction,
  address: Address,
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
     WHERE address = ${address}`);
}

/** Lets an unpayable payee be paid again. Returns false when the payee was not unpayable. */
export async function releasePayee(
  db: Reader,
  address: Address,
  decision: Decision,
): Promise<boolean> {
  return transact(db, async (tx) => {
    const [row] = await tx
      .select({ code: payee.unpayableCode })
      .from(payee)
      .where(eq(payee.address, address))
      .for('no key update');
    if (row === undefined) throw new PoolError('PAYEE_UNKNOWN', `${address} was never seen`);
    if (row.code === null) return false;
    await tx
      .update(payee)
      .set({ unpayableCode: null, unpayableReason: null, unpayableAt: null })
      .where(eq(payee.address, address));
    await recordDecision(tx, { ...decision, action: 'payee.release', subject: address });
    return true;
  });
}
