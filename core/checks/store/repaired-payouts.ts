/** The payout that a person repairs: reading its state, and booking a payment that was made outside of the pool. */
import { and, eq } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader } from '../../db/database.js';
import { transact } from '../../db/transact.js';
import type { Decision } from '../../ledger/store/audit-log.js';
import { attempt, isOpenSlot, nonceSlot, payout } from '../../payouts/store/tables.js';
import type { WalletKey } from '../../payouts/store/wallet/paying-wallet.js';
import { adoptPayment, type ForeignTransaction } from './foreign-transactions.js';

/** Reads the state of the payout and its open slot, and locks the payout; throws PAYOUT_NOT_FOUND. */
export async function requirePayout(reader: Reader, id: string) {
  const [found] = await reader
    .select({
      state: payout.state,
      payee: payout.payee,
      destination: payout.destination,
      amountWei: payout.amountWei,
      slot: { wallet: nonceSlot.wallet, nonce: nonceSlot.nonce },
    })
    .from(payout)
    .leftJoin(nonceSlot, and(eq(nonceSlot.payoutId, payout.id), isOpenSlot))
    .where(eq(payout.id, id))
    .for('no key update', { of: payout });
  if (found === undefined) throw new PoolError('PAYOUT_NOT_FOUND', `there is no payout ${id}`);
  return found;
}

export type RepairedPayout = Awaited<ReturnType<typeof requirePayout>>;

/**
 * Books a payment that was made outside of the pool, under the payout's lock. It is refused once anything is signed,
 * because that may still pay, and when the transaction was booked before by an adoption or by a payout of the pool.
 */
export async function bookPaidElsewhere(
  db: Database,
  key: WalletKey,
  booking: Decision & { readonly payoutId: string; readonly transaction: ForeignTransaction },
): Promise<void> {
  await transact(db, async (tx) => {
    const payout = await requirePayout(tx, booking.payoutId);
    requireUnsigned(payout);
    const { hash } = booking.transaction;
    // The pool signed this transaction itself, with this key or an earlier one, so the payout that it was signed for
    // books it.
    const own = await tx.select({ n: attempt.n }).from(attempt).where(eq(attempt.hash, hash));
    if (own.length === 0 && (await adoptPayment(tx, key, booking))) return;
    throw new PoolError('PAYMENT_UNPROVEN', `transaction ${hash} was booked before`);
  });
}

/** Throws when the payout has ended, and when something is signed for it that could still pay. */
export function requireUnsigned({ state, slot }: RepairedPayout): void {
  if (state === 'reserved') return;
  if (state === 'signed' || state === 'reopened') {
    const words = `a transaction with nonce ${slot?.nonce} is signed for it and may still be mined`;
    throw new PoolError('PAYOUT_MAY_STILL_PAY', words);
  }
  throw new PoolError('PAYOUT_ALREADY_CLOSED', `the payout has ended as ${state}`);
}
