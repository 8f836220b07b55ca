/** Transactions of the wallet's key that this ledger did not sign: judged by a person, booked once. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { ethAndWei } from '../../base/money.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, recordDecision } from '../../ledger/store/audit-log.js';
import {
  keepRecovered,
  type RecoveredAttempt,
} from '../../payouts/store/nonces/recovered-attempts.js';
import { movePayouts } from '../../payouts/store/payout-moves.js';
import { postPayment } from '../../payouts/store/payout-postings.js';
import { lockWallet, requireHalted, type WalletKey } from '../../payouts/store/wallet/wallets.js';

/** A final transaction as it is kept. */
export interface ForeignTransaction {
  readonly hash: string;
  readonly sender: Address;
  readonly nonce: number;
  readonly to: Address | null;
  readonly valueWei: bigint;
  readonly succeeded: boolean;
  readonly blockNumber: number;
  readonly blockHash: string;
  readonly gasUsed: bigint;
  readonly gasPriceWei: bigint;
}

export interface Adoption {
  /** Signed by us under a payout's own nonce: stored as one more attempt, and settled like any other. */
  readonly ours: readonly RecoveredAttempt[];
  readonly payments: readonly ForeignTransaction[];
  readonly paysNobody: readonly ForeignTransaction[];
  /** Nothing was left for another time. */
  readonly isComplete: boolean;
}

/** Transactions judged to pay nobody whose destination has become a payee since. */
export async function unclaimedPayments(
  reader: Reader,
  key: WalletKey,
): Promise<readonly ForeignTransaction[]> {
  const rows = await query<ForeignRow>(
    reader,
    sql`SELECT foreign_transaction.* FROM foreign_transaction
         WHERE EXISTS (SELECT FROM remote_worker WHERE payee = foreign_transaction.destination)
           AND chain_id = ${key.chainId} AND sender = ${key.address}
           AND verdict = 'pays-nobody' AND succeeded AND value_wei > 0
         ORDER BY nonce`,
  );
  return rows.map(toForeign);
}

/**
 * Books what was found, all in one transaction. What was booked before is left as it is, so that the
 * same again changes nothing. Throws WALLET_NOT_HALTED while the wallet could sign beside it.
 */
export async function adopt(
  db: Database,
  key: WalletKey,
  adoption: Adoption & Decision,
): Promise<void> {
  await transact(db, async (tx) => {
    const wallet = await lockWallet(tx, key);
    requireHalted(wallet);
    await keepRecovered(tx, key, adoption.ours);
    for (const transaction of adoption.payments) {
      await adoptPayment(tx, key, { ...adoption, transaction });
    }
    for (const transaction of adoption.paysNobody) {
      const isNew = await keepForeign(tx, key, {
        ...adoption,
        transaction,
        verdict: 'pays-nobody',
      });
      if (isNew) await supersede(tx, key, { ...adoption, transaction });
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

/**
 * Takes the count over the nonces whose transactions are booked, one after the other, and never over one
 * that nobody has seen: such a gap would be filled by nothing.
 */
async function passKnownNonces(tx: Transaction, { chainId, address }: WalletKey): Promise<number> {
  const [row] = await query<{ next_nonce: string }>(
    tx,
    sql`UPDATE wallet SET next_nonce = next_nonce + (
          SELECT count(*) FROM (
            SELECT nonce, row_number() OVER (ORDER BY nonce) - 1 AS place
              FROM (SELECT DISTINCT nonce FROM foreign_transaction
                     WHERE chain_id = ${chainId} AND sender = ${address}
                       AND nonce >= wallet.next_nonce) AS known) AS ranked
           WHERE nonce = wallet.next_nonce + place)
         WHERE chain_id = ${chainId} AND address = ${address} RETURNING next_nonce`,
  );
  return Number(row?.next_nonce ?? 0);
}

const hashesOf = (ones: readonly { readonly hash: string }[]): string =>
  ones.map(({ hash }) => hash).join(' ');

interface Judged extends Decision {
  readonly transaction: ForeignTransaction;
}

/**
 * A transfer to a payee that no payout of ours made. It is paid: what is pending goes down by it, below
 * zero if need be, and a payout of the payee that is not signed yet is cancelled first.
 */
export async function adoptPayment(
  tx: Transaction,
  key: WalletKey,
  judged: Judged,
): Promise<boolean> {
  const { transaction } = judged;
  const payee = transaction.to;
  if (payee === null) throw new RangeError(`${transaction.hash} has no destination`);
  // In the order of a reservation: the payee first, then what is pending.
  await tx.execute(sql`SELECT FROM payee WHERE address = ${payee} FOR NO KEY UPDATE`);
  if (!(await keepForeign(tx, key, { ...judged, verdict: 'payment' }))) return false;
  await supersede(tx, key, judged);
  const unsigned = await query<{ id: string }>(
    tx,
    sql`SELECT id FROM payout WHERE payee = ${payee} AND state = 'reserved' FOR NO KEY UPDATE`,
  );
  const words = `transaction ${transaction.hash} paid ${ethAndWei(transaction.valueWei)} already`;
  await release(
    tx,
    'cancel',
    unsigned.map(({ id }) => id),
    {
      actor: judged.actor,
      reason: words,
    },
  );
  await postPayment(tx, { payee, valueWei: transaction.valueWei, reference: transaction.hash });
  return true;
}

/** False when it is known with this verdict; a verdict of pays-nobody may become a payment later. */
async function keepForeign(
  tx: Transaction,
  key: WalletKey,
  judged: Judged & { readonly verdict: 'payment' | 'pays-nobody' },
): Promise<boolean> {
  const { transaction: one, verdict } = judged;
  const rows = await query(
    tx,
    sql`INSERT INTO foreign_transaction (chain_id, hash, sender, nonce, destination, value_wei, succeeded,
               block_number, block_hash, gas_used, gas_price_wei, verdict, actor, reason)
        VALUES (${key.chainId}, ${one.hash}, ${one.sender}, ${one.nonce}, ${one.to},
                ${one.valueWei.toString()}, ${one.succeeded}, ${one.blockNumber}, ${one.blockHash},
                ${one.gasUsed.toString()}, ${one.gasPriceWei.toString()}, ${verdict},
                ${judged.actor}, ${judged.reason})
        ON CONFLICT (chain_id, hash) DO UPDATE SET verdict = excluded.verdict
          WHERE foreign_transaction.verdict = 'pays-nobody' AND excluded.verdict = 'payment'
        RETURNING 1`,
  );
  return rows.length > 0;
}

/** The payout that was signed for this nonce can never be mined any more: it is pending again. */
async function supersede(tx: Transaction, key: WalletKey, judged: Judged): Promise<void> {
  const { nonce, sender, hash } = judged.transaction;
  if (sender !== key.address) return;
  const slots = await query<{ payout_id: string }>(
    tx,
    sql`UPDATE nonce_slot SET state = 'superseded', closed_at = now()
         WHERE chain_id = ${key.chainId} AND wallet = ${key.address} AND nonce = ${nonce}
           AND state = 'open' RETURNING payout_id`,
  );
  await release(
    tx,
    'supersede',
    slots.map((slot) => slot.payout_id),
    {
      actor: judged.actor,
      reason: `transaction ${hash} took its nonce ${nonce}`,
    },
  );
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

interface ForeignRow {
  readonly hash: string;
  readonly sender: Address;
  readonly nonce: string;
  readonly destination: Address | null;
  readonly value_wei: string;
  readonly succeeded: boolean;
  readonly block_number: string;
  readonly block_hash: string;
  readonly gas_used: string;
  readonly gas_price_wei: string;
}

function toForeign(row: ForeignRow): ForeignTransaction {
  return {
    hash: row.hash,
    sender: row.sender,
    nonce: Number(row.nonce),
    to: row.destination,
    valueWei: BigInt(row.value_wei),
    succeeded: row.succeeded,
    blockNumber: Number(row.block_number),
    blockHash: row.block_hash,
    gasUsed: BigInt(row.gas_used),
    gasPriceWei: BigInt(row.gas_price_wei),
  };
}
