/** Transactions that our key signed but not this ledger: each gets a verdict and is booked once. */
import { and, asc, eq, exists, type SQL, sql } from 'drizzle-orm';
import { ethAndWei } from '../../base/money.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import { remoteWorker } from '../../ledger/store/tables.js';
import {
  payeePaidAt,
  type RecoveredAttempt,
  recoverAttempts,
} from '../../payouts/store/nonces/recovered-attempts.js';
import { movePayouts, postPayment } from '../../payouts/store/payout-moves.js';
import { isOpenSlot, nonceSlot, payout, wallet } from '../../payouts/store/tables.js';
import type { WalletKey } from '../../payouts/store/wallet/paying-wallet.js';
import { lockWallet, requireHalted } from '../../payouts/store/wallet/wallets.js';
import { isSlotOf } from './paid-slots.js';
import { type ForeignVerdict, foreignTransaction } from './tables.js';

/** A final transaction, without the actor and reason of the person who ordered its adoption. */
export type ForeignTransaction = Readonly<
  Omit<
    typeof foreignTransaction.$inferSelect,
    'chainId' | 'verdict' | 'actor' | 'reason' | 'createdAt'
  >
>;

export interface Adoption {
  /** Signed by us under a payout's nonce; their bytes were lost. Each becomes an attempt and is settled like any other. */
  readonly ours: readonly RecoveredAttempt[];
  readonly payments: readonly ForeignTransaction[];
  readonly paysNobody: readonly ForeignTransaction[];
  /** True when nothing is left for a later adoption. */
  readonly isComplete: boolean;
}

/** Selects the foreign transactions of a wallet's key. */
export const isSentBy = ({ chainId, address }: WalletKey): SQL | undefined =>
  and(eq(foreignTransaction.chainId, chainId), eq(foreignTransaction.sender, address));

/** Finds transactions that were booked as paying nobody, and whose destination has become a payee since. */
export async function unclaimedPayments(
  reader: Reader,
  key: WalletKey,
): Promise<readonly ForeignTransaction[]> {
  const itsWorkers = reader
    .select({ id: remoteWorker.id })
    .from(remoteWorker)
    .where(eq(remoteWorker.payee, foreignTransaction.to));
  // The conditions are literals, because Postgres matches a partial index by the text of the statement.
  return reader
    .select()
    .from(foreignTransaction)
    .where(
      and(
        exists(itsWorkers),
        isSentBy(key),
        sql`${foreignTransaction.verdict} = 'pays-nobody'`,
        foreignTransaction.succeeded,
        sql`${foreignTransaction.valueWei} > 0`,
      ),
    )
    .orderBy(asc(foreignTransaction.nonce));
}

/**
 * Books the findings in one transaction. Transactions that were booked before stay as they are, and so a repeated
 * adoption changes nothing. Throws WALLET_NOT_HALTED when the wallet may sign by now.
 */
export async function adopt(
  db: Database,
  key: WalletKey,
  adoption: Adoption & Decision,
): Promise<void> {
  await transact(db, async (tx) => {
    requireHalted(await lockWallet(tx, key));
    await recoverAttempts(tx, key, adoption.ours);
    for (const transaction of adoption.payments) {
      await adoptPayment(tx, key, { ...adoption, transaction });
    }
    for (const transaction of adoption.paysNobody) {
      const judged = { ...adoption, transaction };
      if (await keepForeign(tx, key, judged, 'pays-nobody')) await supersede(tx, key, judged);
    }
    const nextNonce = await passKnownNonces(tx, key);
    await recordDecision(tx, {
      actor: adoption.actor,
      reason: adoption.reason,
      action: 'wallet.adopt',
      subject: key.address,
      detail: {
        ours: hashesOf(adoption.ours),
        payments: hashesOf(adoption.payments),
        paysNobody: hashesOf(adoption.paysNobody),
        nextNonce: String(nextNonce),
        complete: String(adoption.isComplete),
      },
    });
  });
}

/** Moves the next nonce past booked ones, up to one that nobody has seen used: nothing would fill that gap. */
async function passKnownNonces(tx: Transaction, { chainId, address }: WalletKey): Promise<number> {
  const [row] = await rows(
    tx,
    { nextNonce: wallet.nextNonce },
    sql`UPDATE wallet SET next_nonce = next_nonce + (
          SELECT count(*) FROM (
            SELECT nonce, row_number() OVER (ORDER BY nonce) - 1 AS place
              FROM (SELECT DISTINCT nonce FROM foreign_transaction
                     WHERE chain_id = ${chainId} AND sender = ${address}
                       AND nonce >= wallet.next_nonce) AS known) AS ranked
           WHERE nonce = wallet.next_nonce + place)
         WHERE chain_id = ${chainId} AND address = ${address} RETURNING next_nonce AS "nextNonce"`,
  );
  return row?.nextNonce ?? 0;
}

const hashesOf = (ones: readonly { readonly hash: string }[]): string =>
  ones.map(({ hash }) => hash).join(' ');

interface Judged extends Decision {
  readonly transaction: ForeignTransaction;
}

/**
 * Books a transfer to a payee that no payout of ours made. The payee has been paid: its pending fees go down by the
 * amount, below zero if necessary, and a payout that is not signed yet is cancelled first. Returns false when the
 * payment was booked before.
 */
export async function adoptPayment(
  tx: Transaction,
  key: WalletKey,
  judged: Judged,
): Promise<boolean> {
  const { hash, to, valueWei } = judged.transaction;
  const payee = to === null ? undefined : await payeePaidAt(tx, { to, valueWei });
  if (payee === undefined) throw new RangeError(`${hash} paid no payee`);
  // Lock in the same order as a reservation: the payee first, then its pending balances.
  await tx.execute(sql`SELECT FROM payee WHERE address = ${payee} FOR NO KEY UPDATE`);
  if (!(await keepForeign(tx, key, judged, 'payment'))) return false;
  await supersede(tx, key, judged);
  const unsigned = await tx
    .select({ id: payout.id })
    .from(payout)
    .where(and(eq(payout.payee, payee), sql`${payout.state} = 'reserved'`))
    .for('no key update');
  const ids = unsigned.map(({ id }) => id);
  const reason = `transaction ${hash} paid ${ethAndWei(valueWei)} already`;
  await release(tx, 'cancel', ids, { actor: judged.actor, reason });
  await postPayment(tx, { payee, valueWei, reference: hash });
  return true;
}

/** Stores the transaction. Returns false when it was booked before, unless `pays-nobody` becomes `payment`. */
async function keepForeign(
  tx: Transaction,
  { chainId }: WalletKey,
  { transaction, actor, reason }: Judged,
  verdict: ForeignVerdict,
): Promise<boolean> {
  const kept = await tx
    .insert(foreignTransaction)
    .values({ ...transaction, chainId, verdict, actor, reason })
    .onConflictDoUpdate({
      target: [foreignTransaction.chainId, foreignTransaction.hash],
      set: { verdict: sql`excluded.verdict` },
      setWhere: sql`${foreignTransaction.verdict} = 'pays-nobody' AND excluded.verdict = 'payment'`,
    })
    .returning({ hash: foreignTransaction.hash });
  return kept.length > 0;
}

/** Ends the payout that was signed for this nonce, because it can no longer be mined, and returns its amount to pending. */
async function supersede(tx: Transaction, key: WalletKey, judged: Judged): Promise<void> {
  const { nonce, sender, hash } = judged.transaction;
  if (sender !== key.address) return;
  const slots = await tx
    .update(nonceSlot)
    .set({ state: 'superseded', closedAt: sql`now()` })
    .where(and(isSlotOf(key), eq(nonceSlot.nonce, nonce), isOpenSlot))
    .returning({ payoutId: nonceSlot.payoutId });
  const ids = slots.map(({ payoutId }) => payoutId);
  const reason = `transaction ${hash} took its nonce ${nonce}`;
  await release(tx, 'supersede', ids, { actor: judged.actor, reason });
}

async function release(
  tx: Transaction,
  move: 'cancel' | 'supersede',
  payoutIds: readonly string[],
  decision: Decision,
): Promise<void> {
  await movePayouts(tx, move, payoutIds);
  for (const id of payoutIds) {
    await recordDecision(tx, { ...decision, action: 'payout.release', subject: id });
  }
}
