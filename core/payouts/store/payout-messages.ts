/** What operators may do to an open payout or its payee. Each action is one transaction with its line in the audit log. */
import { and, eq, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Reader, Transaction } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import { payee } from '../../ledger/store/tables.js';
import { isClosed, type PayoutState } from '../rules/payout.js';
import { payoutHeld } from '../rules/waits.js';
import { isOpenSlot, nonceSlot, type Payout, payout } from './tables.js';
import { payingWallet } from './wallet/paying-wallet.js';

/** The payout's state after the message, and a sentence about what the message did. */
export interface MessageEffect {
  readonly state: PayoutState;
  readonly words: string;
}

interface LockedPayout extends Pick<Payout, 'id' | 'state'> {
  readonly isHeld: boolean;
}

/** Makes the function that carries out one kind of message. */
function message(
  action: string,
  apply: (tx: Transaction, payout: LockedPayout, reason: string) => Promise<MessageEffect>,
) {
  return async (db: Reader, id: string, decision: Decision): Promise<MessageEffect> => {
    const { reason } = decision;
    if (reason.trim() === '') throw new PoolError('REASON_MISSING', 'a reason is needed');
    return transact(db, async (tx) => {
      const isHeld = sql<boolean>`${payout.heldAt} IS NOT NULL`;
      const [locked] = await tx
        .select({ id: payout.id, state: payout.state, isHeld })
        .from(payout)
        .where(eq(payout.id, id))
        .for('no key update');
      if (locked === undefined) throw payoutMissing(id);
      const effect = await apply(tx, locked, reason);
      await recordDecision(tx, { ...decision, action, subject: id });
      return effect;
    });
  };
}

/**
 * Builds the error for a payout that is not in the ledger, which also happens after an older backup was restored. The
 * payout's saga has nothing left to do then.
 */
export function payoutMissing(payoutId: string): PoolError {
  return new PoolError('PAYOUT_NOT_FOUND', `there is no payout ${payoutId}`);
}

/** Keeps a reserved payout from being signed until it is resumed. */
export const holdPayout = message('payout.hold', async (tx, payout, reason) => {
  requireReserved(payout);
  const wait = payoutHeld(reason);
  await tx.execute(sql`
    UPDATE payout SET held_at = coalesce(held_at, now()), hold_reason = ${reason},
           wait_code = ${wait.code}, wait_reason = ${wait.reason}
     WHERE id = ${payout.id}`);
  return { state: payout.state, words: 'held: it will not be signed until it is resumed' };
});

/** Lets a held payout continue. */
export const resumePayout = message('payout.resume', async (tx, payout) => {
  requireOpen(payout);
  if (!payout.isHeld) throw new PoolError('PAYOUT_NOT_HELD', `payout ${payout.id} is not held`);
  await tx.execute(sql`
    UPDATE payout SET held_at = NULL, hold_reason = NULL, wait_code = NULL, wait_reason = NULL
     WHERE id = ${payout.id}`);
  return { state: payout.state, words: 'resumed: it will be signed and sent' };
});

/** Ends a payout before anything was signed and returns its amount to pending. */
export const cancelPayout = message('payout.cancel', async (tx, payout) => {
  requireReserved(payout);
  // A function of the database does all of it, because the API's role may write neither postings nor states.
  await tx.execute(sql`SELECT cancel_reserved_payout(${payout.id})`);
  return { state: 'cancelled', words: 'cancelled: its amount is pending again' };
});

/** Asks for new bytes with a higher fee under the same nonce. */
export const requestBump = message('payout.bump', async (tx, payout) => {
  requireOpen(payout);
  if (payout.state === 'reserved') {
    throw new PoolError('PAYOUT_NOT_SIGNED', `payout ${payout.id} has no transaction yet`);
  }
  await requireOwnKey(tx, payout.id);
  await tx.execute(sql`UPDATE payout SET bump_requested_at = now() WHERE id = ${payout.id}`);
  return { state: payout.state, words: 'its fee will be raised, within the cap' };
});

/**
 * Approves a payout whose amount or gas is above the limits of one payout. The limit of the day, the fee cap and the
 * amount that must stay in the wallet still apply.
 */
export const approvePayout = message('payout.approve', async (tx, payout, reason) => {
  requireReserved(payout);
  await tx.execute(sql`
    UPDATE payout SET approved_at = coalesce(approved_at, now()), approve_reason = ${reason},
           wait_code = CASE WHEN held_at IS NOT NULL THEN wait_code END,
           wait_reason = CASE WHEN held_at IS NOT NULL THEN wait_reason END
     WHERE id = ${payout.id}`);
  const words = 'approved: neither its amount nor the cost of its gas holds it back any more';
  return { state: payout.state, words: payout.isHeld ? `${words}; it is still held` : words };
});

/** Throws WALLET_REPLACED when the wallet that signed the payout no longer pays for this ledger, so nobody can sign with its key. */
async function requireOwnKey(tx: Transaction, id: string): Promise<void> {
  const paying = await payingWallet(tx);
  const [slot] = await tx
    .select({ wallet: nonceSlot.wallet })
    .from(nonceSlot)
    .where(and(eq(nonceSlot.payoutId, id), isOpenSlot));
  if (slot === undefined || slot.wallet === paying?.address) return;
  const words =
    `payout ${id} is signed with the key of ${slot.wallet}, which was replaced: the same bytes go out ` +
    'again and again, and nobody here can sign others with a higher fee';
  throw new PoolError('WALLET_REPLACED', words);
}

function requireOpen(payout: LockedPayout): void {
  if (isClosed(payout.state)) {
    throw new PoolError('PAYOUT_ALREADY_CLOSED', `payout ${payout.id} has ended: ${payout.state}`);
  }
}

function requireReserved(payout: LockedPayout): void {
  requireOpen(payout);
  if (payout.state !== 'reserved') {
    throw new PoolError('PAYOUT_ALREADY_SIGNED', `payout ${payout.id} is ${payout.state}`);
  }
}

/** Lets an unpayable payee be paid again. Returns false when the payee was not unpayable. */
export async function releasePayee(
  db: Reader,
  address: Address,
  decision: Decision,
): Promise<boolean> {
  return transact(db, async (tx) => {
    const known = await tx
      .select({ address: payee.address })
      .from(payee)
      .where(eq(payee.address, address));
    if (known.length === 0) throw new PoolError('PAYEE_UNKNOWN', `${address} was never seen`);
    const [row] = await rows(
      tx,
      { released: Boolean },
      sql`SELECT release_payee(${address}) AS released`,
    );
    if (row?.released !== true) return false;
    await recordDecision(tx, { ...decision, action: 'payee.release', subject: address });
    return true;
  });
}
