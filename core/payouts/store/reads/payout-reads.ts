/** Reads payouts to show them to people: their state, what was signed, and why they wait. */
import { and, count, eq, type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { Reader } from '../../../db/database.js';
import {
  allOf,
  CURSOR_PART,
  microsOf,
  type Page,
  type PageRequest,
  readCursor,
  rowsToAskFor,
  timeOfMicros,
  toPage,
} from '../../../db/paging.js';
import { fields, orNull, query, rows } from '../../../db/query.js';
import type { PayoutState } from '../../rules/payout.js';
import { isBlocking, isIn, isOpen, payout } from '../tables.js';

const PAYOUT = {
  id: payout.id,
  payee: payout.payee,
  destination: payout.destination,
  amountWei: payout.amountWei,
  state: payout.state,
  origin: payout.origin,
  roundId: payout.roundId,
  reason: payout.reason,
  settlementNo: payout.settlementNo,
  heldAt: payout.heldAt,
  holdReason: payout.holdReason,
  /** When an operator approved it although it is above the limits of one payout. */
  approvedAt: payout.approvedAt,
  approveReason: payout.approveReason,
  createdAt: payout.createdAt,
  signedAt: payout.signedAt,
  closedAt: payout.closedAt,
};

export type PayoutSummary = Awaited<ReturnType<typeof readPayouts>>[number];

export interface PayoutFilter {
  readonly states?: readonly PayoutState[] | undefined;
  readonly payee?: Address | undefined;
}

/**
 * Hides a stale WALLET_HALTED: the wait code stays in the row until the saga checks again (up to a minute), although
 * the halt is over. `p` is the payout.
 */
export const SHOWS_WAIT: SQL = sql`
  (p.wait_code IS DISTINCT FROM 'WALLET_HALTED' OR EXISTS (SELECT FROM wallet_halt))`;

const NEWEST_SLOT: SQL = sql`
  LEFT JOIN LATERAL (
    SELECT n.nonce, coalesce(n.mined_hash, (
             SELECT a.hash FROM attempt a
              WHERE a.chain_id = n.chain_id AND a.wallet = n.wallet AND a.nonce = n.nonce
              ORDER BY a.n DESC LIMIT 1)) AS tx_hash
      FROM nonce_slot n WHERE n.payout_id = p.id ORDER BY n.created_at DESC, n.nonce DESC LIMIT 1
  ) slot ON true`;

/** Reads payouts for display. `chosen` is the text after FROM: it selects the payouts as `p` and their order. */
function readPayouts(db: Reader, chosen: SQL) {
  return rows(
    db,
    {
      ...PAYOUT,
      waitCode: payout.waitCode,
      waitReason: payout.waitReason,
      /** The newest nonce that was taken for the payout; null while nothing is signed. */
      nonce: orNull(String),
      /** The hash of the mined transaction, or else of the one that was signed last. */
      txHash: orNull(String),
      createdMicros: String,
    },
    sql`SELECT ${fields('p', PAYOUT)}, CASE WHEN ${SHOWS_WAIT} THEN p.wait_code END AS "waitCode",
               CASE WHEN ${SHOWS_WAIT} THEN p.wait_reason END AS "waitReason", slot.nonce,
               slot.tx_hash AS "txHash", ${microsOf(sql`p.created_at`)} AS "createdMicros"
          FROM ${chosen}`,
  );
}

/** Lists payouts, newest first. */
export async function listPayouts(
  db: Reader,
  filter: PayoutFilter,
  page: PageRequest,
): Promise<Page<PayoutSummary>> {
  const before = readCursor(page.cursor, [CURSOR_PART.integer, CURSOR_PART.uuid]);
  const conditions = allOf([
    filter.states && isIn(filter.states),
    filter.payee === undefined ? undefined : sql`payee = ${filter.payee}`,
    before && sql`(created_at, id) < (${timeOfMicros(before[0])}, ${before[1]}::uuid)`,
  ]);
  const found = await readPayouts(
    db,
    sql`(SELECT * FROM payout WHERE ${conditions}
          ORDER BY created_at DESC, id DESC LIMIT ${rowsToAskFor(page)}) p
        ${NEWEST_SLOT} ORDER BY p.created_at DESC, p.id DESC`,
  );
  return toPage(found, page, {
    item: (one) => one,
    cursorParts: ({ createdMicros, id }) => [createdMicros, id],
  });
}

/** Lists open payouts, those that have waited longest first. */
export async function listOpenPayouts(
  db: Reader,
  limit: number,
): Promise<readonly PayoutSummary[]> {
  return readPayouts(
    db,
    sql`(SELECT * FROM payout WHERE ${isOpen()} ORDER BY created_at LIMIT ${limit}) p
        ${NEWEST_SLOT} ORDER BY p.created_at, p.id`,
  );
}

/** Counts payouts that wait because the wallet holds too little. */
export async function countUnaffordable(
  db: Reader,
): Promise<{ readonly payouts: number; readonly amountWei: bigint }> {
  const [sum] = await db
    .select({
      payouts: count(),
      amountWei: sql`coalesce(sum(${payout.amountWei}), 0)`.mapWith(payout.amountWei),
    })
    .from(payout)
    .where(and(isBlocking(), eq(payout.waitCode, 'WALLET_EMPTY')));
  return sum ?? { payouts: 0, amountWei: 0n };
}

export async function findPayout(db: Reader, id: string): Promise<PayoutSummary | undefined> {
  const [found] = await readPayouts(db, sql`payout p ${NEWEST_SLOT} WHERE p.id = ${id}::uuid`);
  return found;
}

/** Finds the newest payout of this payee that is open now, or was created or closed since this time. */
export async function findPayoutSince(
  db: Reader,
  payee: Address,
  since: Date,
): Promise<PayoutSummary | undefined> {
  const at = since.toISOString();
  const [found] = await readPayouts(
    db,
    sql`(SELECT * FROM payout WHERE payee = ${payee}
            AND (${isBlocking()} OR created_at >= ${at} OR closed_at >= ${at})
          ORDER BY created_at DESC, id DESC LIMIT 1) p ${NEWEST_SLOT}`,
  );
  return found;
}

/** Whether this ledger has a payout with this id; any text may be passed. */
export async function isKnownPayout(db: Reader, id: string): Promise<boolean> {
  const found = await query(db, sql`SELECT FROM payout WHERE id::text = ${id} LIMIT 1`);
  return found.length > 0;
}
