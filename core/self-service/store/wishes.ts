/** Reads what payees wished, and what of it holds now. */
import { type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Reader } from '../../db/database.js';
import { list, orNull, rows } from '../../db/query.js';
import type { PayoutWishes } from '../rules/wish.js';
import { payeeRedirect, payeeWish } from './tables.js';

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

/** Everything that a payee decided, as it holds now. */
export interface OwnSettings extends PayoutWishes {
  readonly nickname: string | null;
  /** It may hold a secret, and is shown to nobody. */
  readonly noticeAddress: string | null;
  /** Where the payee is paid now. */
  readonly destination: Address;
  /** A change of destination that does not hold yet. Without `effectiveAt`, a worker has not confirmed it yet. */
  readonly pending: { readonly destination: Address; readonly effectiveAt: Date | null } | null;
  /** The last change of destination that was refused, and nothing came after it. */
  readonly refused: { readonly destination: Address; readonly refusal: string } | null;
  readonly nextNonce: number;
}

const SETTINGS = {
  nickname: payeeWish.nickname,
  noticeAddress: payeeWish.noticeAddress,
  destination: payeeRedirect.destination,
  asked: payeeWish.destination,
  effectiveAt: payeeRedirect.effectiveAt,
  isInForce: Boolean,
  refusal: payeeRedirect.refusal,
  nextNonce: Number,
};

/** Reads what a payee decided. The payee need not be known. */
export async function readSettings(reader: Reader, payee: Address): Promise<OwnSettings> {
  const last = (column: SQL, kind: SQL) => sql`
    (SELECT ${column} FROM payee_wish WHERE payee = ${payee} AND kind = ${kind}
      ORDER BY nonce DESC LIMIT 1)`;
  const [wishes, [row]] = await Promise.all([
    wishesOf(reader, [payee]),
    rows(
      reader,
      SETTINGS,
      sql`SELECT ${last(sql`nickname`, sql`'nickname'`)} AS nickname,
                 ${last(sql`notice_address`, sql`'notice-address'`)} AS "noticeAddress",
                 ${destinationOf(sql`${payee}`)} AS destination,
                 last.destination AS asked, redirect.effective_at AS "effectiveAt", redirect.refusal,
                 coalesce(redirect.effective_at <= now(), false) AS "isInForce",
                 (SELECT coalesce(max(nonce) + 1, 0) FROM payee_wish WHERE payee = ${payee}) AS "nextNonce"
            FROM (SELECT) one
            LEFT JOIN (SELECT payee, nonce, destination FROM payee_wish
                        WHERE payee = ${payee} AND kind IN ('destination', 'revoke-destination')
                        ORDER BY nonce DESC LIMIT 1) last ON true
            LEFT JOIN payee_redirect redirect
                   ON redirect.payee = last.payee AND redirect.nonce = last.nonce`,
    ),
  ]);
  if (row === undefined) throw new RangeError('a read of settings has no row');
  const { asked, effectiveAt, isInForce, refusal, ...settings } = row;
  const isPending = asked !== null && !isInForce && refusal === null;
  return {
    ...(wishes.get(payee) ?? { thresholdWei: null, pausedSince: null }),
    ...settings,
    pending: isPending ? { destination: asked, effectiveAt } : null,
    refused: asked === null || refusal === null ? null : { destination: asked, refusal },
  };
}
