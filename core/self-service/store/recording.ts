/** Records the wishes of payees, each once and in the order of its nonce. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { query, rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { writeNotices } from '../../notices/store/outbox.js';
import { typedDataOf, type WishMessage } from '../rules/typed-data.js';
import { type Proof, payeeWish } from './tables.js';
import { readSettings } from './wishes.js';

/** A payee's wishes are few: this many within a day are a program gone wrong, or somebody who wants to fill the disk. */
const MOST_PER_DAY = 50;

/**
 * Records a wish whose signature was verified. Throws PAYEE_UNKNOWN, WISH_REPLAYED, WISH_OUT_OF_TURN, WISH_TOO_MANY,
 * WISH_DESTINATION_REFUSED and WISH_NOTHING_TO_REVOKE.
 */
export async function recordWish(
  db: Database,
  signed: WishMessage,
  by: { readonly signature: string; readonly proof: Proof },
): Promise<void> {
  const { payee, nonce, wish } = signed;
  await transact(db, async (tx) => {
    await lockPayee(tx, payee);
    await requireTurn(tx, signed);
    if (wish.kind === 'destination') await requirePayable(tx, wish.destination);
    if (wish.kind === 'revoke-destination') await revoke(tx, signed);
    const { signature, proof } = by;
    const { kind, ...value } = wish;
    await tx
      .insert(payeeWish)
      .values({ ...value, payee, nonce, kind, signed: typedDataOf(signed), signature, proof });
  });
}

/**
 * Locks a payee against reservations and other wishes of it. Throws PAYEE_UNKNOWN: who never worked for the pool has nothing
 * to decide in it.
 */
export async function lockPayee(tx: Transaction, payee: Address): Promise<void> {
  const statement = sql`SELECT FROM payee WHERE address = ${payee} FOR NO KEY UPDATE`;
  const known = await query(tx, statement);
  if (known.length === 0) throw new PoolError('PAYEE_UNKNOWN', `${payee} was never seen`);
}

async function requireTurn(tx: Transaction, { payee, nonce }: WishMessage): Promise<void> {
  const [turn] = await rows(
    tx,
    { next: Number, today: Number },
    sql`SELECT coalesce(max(nonce) + 1, 0) AS next,
               count(*) FILTER (WHERE received_at > now() - interval '1 day') AS today
          FROM payee_wish WHERE payee = ${payee}`,
  );
  const { next = 0, today = 0 } = turn ?? {};
  if (nonce < next) {
    const words = `This message has the nonce ${nonce}, and the next one of ${payee} is ${next}.`;
    throw new PoolError('WISH_REPLAYED', words);
  }
  if (nonce > next) {
    const words = `This message has the nonce ${nonce}, and the message with ${next} is missing.`;
    throw new PoolError('WISH_OUT_OF_TURN', words);
  }
  if (today < MOST_PER_DAY) return;
  throw new PoolError('WISH_TOO_MANY', `${payee} has sent ${today} messages within a day.`);
}

/** Throws WISH_DESTINATION_REFUSED when the pool could not, or must not, pay there. */
export async function requirePayable(reader: Reader, destination: Address): Promise<void> {
  const [found] = await rows(
    reader,
    { isWallet: Boolean, isUnpayable: Boolean, wasPaid: Boolean },
    sql`SELECT EXISTS (SELECT FROM wallet WHERE address = ${destination})
               OR EXISTS (SELECT FROM paying_wallet WHERE address = ${destination}) AS "isWallet",
               EXISTS (SELECT FROM payee
                        WHERE unpayable_code IS NOT NULL
                          AND ${destination} IN (address, payee_destination(address, now())))
                 AS "isUnpayable",
               EXISTS (SELECT FROM foreign_transaction
                        WHERE destination = ${destination} AND verdict = 'pays-nobody' AND succeeded
                          AND value_wei > 0) AS "wasPaid"`,
  );
  const refuse = (why: string): never => {
    throw new PoolError('WISH_DESTINATION_REFUSED', `${destination} ${why}.`);
  };
  if (found?.isWallet === true) refuse('is a wallet of the pool itself');
  if (found?.isUnpayable === true) refuse('refused an earlier payout of this pool');
  // Was it a payment that a restored backup has forgotten? Nobody can tell, and paying there would hide it.
  if (found?.wasPaid === true)
    refuse('was paid by the pool’s wallet outside of this ledger before');
}

async function revoke(tx: Transaction, { payee, nonce }: WishMessage): Promise<void> {
  const { pending, destination } = await readSettings(tx, payee);
  if (pending === null) {
    throw new PoolError('WISH_NOTHING_TO_REVOKE', `${payee} has asked for no change that waits.`);
  }
  const facts = { payee, from: destination, to: pending.destination, effectiveAt: null };
  await writeNotices(tx, [
    { key: `destination/${payee}/${nonce}`, kind: 'destination', payee, facts },
  ]);
}
