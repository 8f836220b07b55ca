/** Reads what payees wished, and what of it holds now. */
import { type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Reader } from '../../db/database.js';
import { list, orNull, rows } from '../../db/query.js';
import type { PayoutWishes } from '../rules/wish.js';
import { payeeWish } from './tables.js';

const OF_PAYOUTS = {
  payee: payeeWish.payee,
  thresholdWei: payeeWish.thresholdWei,
  pausedSince: orNull(payeeWish.receivedAt),
};

/**
 * Returns what these payees wished about when they are paid: their own threshold as they signed it, which the pool's
 * bounds of today may not allow any more, and since when they want no payouts. A payee without wishes is left out.
 */
export async function wishesOf(
  reader: Reader,
  payees: readonly Address[],
): Promise<ReadonlyMap<Address, PayoutWishes>> {
  const last = (kinds: SQL) => sql`
    SELECT DISTINCT ON (payee) payee, kind, threshold_wei, received_at
      FROM payee_wish WHERE payee = ANY(${list(payees)}::text[]) AND kind IN (${kinds})
     ORDER BY payee, nonce DESC`;
  const found = await rows(
    reader,
    OF_PAYOUTS,
    sql`SELECT payee, own.threshold_wei AS "thresholdWei",
               CASE pause.kind WHEN 'pause' THEN pause.received_at END AS "pausedSince"
          FROM (${last(sql`'threshold'`)}) own
          FULL JOIN (${last(sql`'pause', 'resume'`)}) pause USING (payee)`,
  );
  return new Map(found.map(({ payee, ...wishes }) => [payee, wishes]));
}

/** An SQL expression: where the payee is paid now, its own address unless a redirect holds. */
export const destinationOf = (payee: SQL): SQL => sql`payee_destination(${payee}, now())`;
