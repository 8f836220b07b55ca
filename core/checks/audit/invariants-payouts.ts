/** The rules that payouts, their allocations, slots and attempts must keep, and those for what waits or is open now. */
import { type SQL, sql } from 'drizzle-orm';
import { isOpen, isSigned } from '../../payouts/store/tables.js';
import { type Invariants, sameSum } from './invariants-ledger.js';

/** Each audit checks this many of the newest payouts, and as many of the older ones in turn. */
export const PAYOUTS_EACH = 10_000;
/** Each audit checks this many of the newest nonces; the older ones were checked when they were new. */
const NONCES_EACH = 20_000;

/** Selects the open payouts and the newest ones. */
export const RECENT_PAYOUTS: SQL = sql`
  SELECT id FROM payout WHERE ${isOpen()}
   UNION (SELECT id FROM payout ORDER BY created_at DESC, id DESC LIMIT ${PAYOUTS_EACH})`;

/** Whether a payout comes after the point that the last audit reached, in the order of creation time and id. */
export const IS_AFTER_TURN: SQL = sql`(created_at, id) > (
  (SELECT coalesce(payout_at, '-infinity') FROM ledger_audit),
  (SELECT coalesce(payout_id, '00000000-0000-0000-0000-000000000000') FROM ledger_audit))`;

/** Selects the next batch of older payouts to check; the audit moves on to the batch after it when nothing is wrong with these. */
export const PAYOUTS_IN_TURN: SQL = sql`
  (SELECT id FROM payout WHERE ${IS_AFTER_TURN} ORDER BY created_at, id LIMIT ${PAYOUTS_EACH})`;

export const ALL_PAYOUTS: SQL = sql`SELECT id FROM payout`;

/** Returns the rules that each of the chosen payouts must keep. */
export function payoutInvariants(which: SQL): Invariants {
  const those = sql`(SELECT payout.* FROM payout JOIN (${which}) chosen USING (id))`;
  return {
    ALLOCATION_DRIFT: sql`
      SELECT 'payout ' || payout.id || ' is ' || payout.amount_wei || ' wei, its allocations ' ||
             coalesce(sum(part.amount_wei), 0) AS message
        FROM ${those} payout LEFT JOIN payout_allocation part ON part.payout_id = payout.id
       GROUP BY payout.id, payout.amount_wei
      HAVING payout.amount_wei <> coalesce(sum(part.amount_wei), 0)`,
    SETTLED_DRIFT: sql`
      SELECT 'payout ' || payout.id || ' is ' || payout.state || ', and ' || booked.total ||
             ' wei of it are booked as paid' AS message
        FROM ${those} payout CROSS JOIN LATERAL (
             SELECT coalesce(sum(entry.amount_wei), 0) AS total
               FROM posting JOIN ledger_entry entry ON entry.posting_id = posting.id
              WHERE posting.payout_id = payout.id AND posting.kind IN ('settle', 'reopen')
                AND entry.account = 'paid') booked
       WHERE booked.total <> CASE WHEN payout.state = 'paid' THEN payout.amount_wei ELSE 0 END`,
    SLOT_STATE: sql`
      SELECT 'payout ' || payout.id || ' is ' || payout.state || ' with ' || count(slot.nonce) FILTER (
               WHERE slot.state = 'open') || ' open and ' || count(slot.nonce) FILTER (
               WHERE slot.state = 'mined') || ' mined slots' AS message
        FROM ${those} payout LEFT JOIN nonce_slot slot ON slot.payout_id = payout.id
       GROUP BY payout.id, payout.state
      HAVING count(slot.nonce) FILTER (WHERE slot.state = 'open')
               <> (${isSigned(sql`payout.state`)})::int
          OR count(slot.nonce) FILTER (WHERE slot.state = 'mined') <> (payout.state = 'paid')::int`,
    // An early version gave some payouts a second nonce, marked as `earlier`, which can no longer pay anybody.
    SECOND_NONCE: sql`
      SELECT 'payout ' || payout_id || ' has ' || count(*) || ' nonces' AS message
        FROM nonce_slot JOIN (${which}) chosen ON chosen.id = payout_id
       WHERE NOT earlier GROUP BY payout_id HAVING count(*) > 1`,
    SLOT_WITHOUT_ATTEMPT: sql`
      SELECT 'slot ' || slot.nonce || ' of payout ' || slot.payout_id || ' has no stored attempt' ||
             CASE WHEN slot.state = 'mined' THEN ' with the hash that was mined' ELSE '' END AS message
        FROM nonce_slot slot JOIN (${which}) chosen ON chosen.id = slot.payout_id
       WHERE NOT EXISTS (
             SELECT FROM attempt WHERE attempt.chain_id = slot.chain_id AND attempt.wallet = slot.wallet
                AND attempt.nonce = slot.nonce
                AND (slot.state <> 'mined' OR attempt.hash = slot.mined_hash))`,
  };
}

/** The rules for what waits and what is open now. */
export const STANDING_INVARIANTS: Invariants = {
  UNATTRIBUTED_DRIFT: sameSum(
    sql`'unattributed are ' || one || ' wei, the jobs that wait come to ' || other`,
    sql`SELECT sum(amount_wei) FROM balance WHERE account = 'unattributed'`,
    sql`SELECT sum(gross_wei) FROM unmatched_job WHERE role = 'processed'`,
  ),
  DECIDED_TWICE: sql`
    SELECT 'the job ' || waiting.event_id || ' of ' || waiting.dt || ' from ' || waiting.source_id ||
           ' was decided and still waits' AS message
      FROM decided_job JOIN unmatched_job waiting USING (source_id, dt, event_id)`,
  RESERVED_DRIFT: sameSum(
    sql`'reserved are ' || one || ' wei, open payouts promise ' || other`,
    sql`SELECT sum(amount_wei) FROM balance WHERE account = 'reserved'`,
    sql`SELECT sum(amount_wei) FROM payout WHERE ${isOpen()}`,
  ),
};

/** Builds the rule that every nonce of a wallet (or each of its newest ones) belongs to a slot or to a foreign transaction. */
export function nonceInvariant(span: 'all' | 'newest'): Invariants {
  const from =
    span === 'all'
      ? sql`wallet.opening_nonce`
      : sql`greatest(wallet.opening_nonce, wallet.next_nonce - ${NONCES_EACH}::bigint)`;
  return {
    NONCE_GAP: sql`
      SELECT 'wallet ' || wallet.address || ' stands at nonce ' || wallet.next_nonce || ', from ' ||
             ${from} || ' on it keeps ' || known.nonces || ' slots and foreign transactions' AS message
        FROM wallet CROSS JOIN LATERAL (
             SELECT count(*) AS nonces FROM (
               SELECT nonce FROM nonce_slot slot
                WHERE slot.chain_id = wallet.chain_id AND slot.wallet = wallet.address
                  AND nonce >= ${from} AND nonce < wallet.next_nonce
                UNION
               SELECT nonce FROM foreign_transaction other
                WHERE other.chain_id = wallet.chain_id AND other.sender = wallet.address
                  AND nonce >= ${from} AND nonce < wallet.next_nonce) each) known
       WHERE known.nonces <> wallet.next_nonce - ${from}`,
  };
}

/** An event that is both in the table and in an archive file would be counted twice, because the revenue adds up both. */
export const EVENT_TWICE: Invariants = {
  EVENT_TWICE: sql`
    SELECT count(*) || ' events of ' || event.source_id || ' stand in the table of raw events, and their month in ' ||
           file.file AS message
      FROM event_archive file JOIN pool_event event
        ON file.sources ? event.source_id AND event.dt >= file.month
       AND event.dt < (file.month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'
     WHERE file.state = 'archived' GROUP BY event.source_id, file.file`,
};
