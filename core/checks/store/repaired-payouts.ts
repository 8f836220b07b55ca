/** What a person does for a payout that cannot go on by itself. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader } from '../../db/database.js';
import { query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import type { Decision } from '../../ledger/store/audit-log.js';
import type { PayoutState } from '../../payouts/rules/payout.js';
import type { WalletKey } from '../../payouts/store/wallet/wallets.js';
import { adoptPayment, type ForeignTransaction } from './foreign-transactions.js';

export interface RepairedPayout {
  readonly state: PayoutState;
  readonly payee: Address;
  readonly destination: Address;
  readonly amountWei: bigint;
  /** Its open slot: of which wallet, and which nonce. */
  readonly slot: { readonly wallet: Address; readonly nonce: number } | null;
}

/** How the payout stands; throws PAYOUT_NOT_FOUND. */
export async function requirePayout(reader: Reader, id: string): Promise<RepairedPayout> {
  const [row] = await query<{
    state: PayoutState;
    payee: Address;
    destination: Address;
    amount_wei: string;
    wallet: Address;
    nonce: string | null;
  }>(
    reader,
    sql`SELECT payout.state, payee, destination, amount_wei, slot.wallet, slot.nonce
          FROM payout LEFT JOIN nonce_slot slot ON slot.payout_id = payout.id AND slot.state = 'open'
         WHERE payout.id = ${id} FOR NO KEY UPDATE OF payout`,
  );
  if (row === undefined) throw new PoolError('PAYOUT_NOT_FOUND', `there is no payout ${id}`);
  const { state, payee, destination, wallet } = row;
  const slot = row.nonce === null ? null : { wallet, nonce: Number(row.nonce) };
  return { state, payee, destination, amountWei: BigInt(row.amount_wei), slot };
}

/**
 * Books a payment that was made outside of the pool, under the payout's lock: refused once anything is
 * signed, because what is signed may still pay, and refused for a transaction that was booked before,
 * by an adoption or by a payout of the pool.
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
    // Of the pool itself, with this key or an earlier one: what it paid is booked by its own payout.
    const own = await query(tx, sql`SELECT FROM attempt WHERE hash = ${hash}`);
    if (own.length === 0 && (await adoptPayment(tx, key, booking))) return;
    const words = `transaction ${hash} was booked before`;
    throw new PoolError('PAYMENT_UNPROVEN', words);
  });
}

/** Throws unless nothing was ever signed for it that could still pay. */
export function requireUnsigned({ state, slot }: RepairedPayout): void {
  if (state === 'reserved') return;
  if (state === 'signed' || state === 'reopened') {
    const words = `a transaction with nonce ${slot?.nonce} is signed for it and may still be mined`;
    throw new PoolError('PAYOUT_MAY_STILL_PAY', words);
  }
  throw new PoolError('PAYOUT_ALREADY_CLOSED', `the payout has ended as ${state}`);
}
