/** What a worker makes of the wishes for another destination. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Reader, Transaction } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { MANAGER, recordDecision } from '../../ledger/store/audit-log.js';
import { writeNotices } from '../../notices/store/outbox.js';
import { payeeRedirect, payeeWish } from './tables.js';
import { readSettings } from './wishes.js';

/** A wish for another destination as it was stored, which no worker has judged yet. */
export type AskedRedirect = Awaited<ReturnType<typeof askedRedirects>>[number];

const ASKED = {
  payee: payeeWish.payee,
  nonce: payeeWish.nonce,
  destination: (text: Address) => text,
  signed: payeeWish.signed,
  signature: payeeWish.signature,
  receivedAt: payeeWish.receivedAt,
};

/**
 * Lists wishes that wait for a worker: first those that need no question to the chain, then the others in any order, so that
 * contracts about which the chain cannot be asked keep nobody waiting. One that the payee has taken back is none of them.
 */
export function askedRedirects(reader: Reader, limit: number) {
  return rows(
    reader,
    ASKED,
    sql`SELECT wish.payee, wish.nonce, wish.destination, wish.signed, wish.signature,
               wish.received_at AS "receivedAt"
          FROM payee_wish wish
         WHERE wish.kind = 'destination'
           AND NOT EXISTS (SELECT FROM payee_redirect redirect
                            WHERE redirect.payee = wish.payee AND redirect.nonce = wish.nonce)
           AND NOT EXISTS (SELECT FROM payee_wish later
                            WHERE later.payee = wish.payee AND later.nonce > wish.nonce
                              AND later.kind IN ('destination', 'revoke-destination'))
         ORDER BY wish.proof <> 'key', random() LIMIT ${limit}`,
  );
}

/** Lets a redirect hold after the cool-down, and tells the payee. The caller holds the payee's lock. */
export async function confirmRedirect(
  tx: Transaction,
  { payee, nonce, destination }: AskedRedirect,
  coolDownMs: number,
): Promise<void> {
  const { destination: from } = await readSettings(tx, payee);
  const [made] = await tx
    .insert(payeeRedirect)
    .values({
      payee,
      nonce,
      destination,
      confirmedAt: sql`clock_timestamp()`,
      effectiveAt: sql`clock_timestamp() + ${coolDownMs} * interval '1 millisecond'`,
    })
    .onConflictDoNothing()
    .returning({ effectiveAt: payeeRedirect.effectiveAt });
  const effectiveAt = made?.effectiveAt ?? null;
  if (effectiveAt === null) return;
  const facts = { payee, from, to: destination, effectiveAt: effectiveAt.toISOString() };
  await writeNotices(tx, [
    { key: `destination/${payee}/${nonce}`, kind: 'destination', payee, facts },
  ]);
}

/** Records that a redirect never holds, and why. */
export async function refuseRedirect(
  tx: Transaction,
  { payee, nonce, destination }: AskedRedirect,
  refusal: string,
): Promise<void> {
  const made = await tx
    .insert(payeeRedirect)
    .values({ payee, nonce, destination, refusal })
    .onConflictDoNothing()
    .returning({ nonce: payeeRedirect.nonce });
  if (made.length === 0) return;
  const what = { action: 'payee.redirect-refused', subject: payee, detail: { destination } };
  await recordDecision(tx, { ...what, actor: MANAGER, reason: refusal });
}
