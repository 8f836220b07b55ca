/** Payouts as people look at them: where each one stands, what was signed for it, and why it waits. */
import { type SQL, sql } from 'drizzle-orm';
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
  toDate,
  toDateOrNull,
  toPage,
} from '../../../db/paging.js';
import { query } from '../../../db/query.js';
import { OPEN_STATES, type PayoutState } from '../../rules/payout.js';

export interface PayoutSummary {
  readonly id: string;
  readonly payee: Address;
  readonly destination: Address;
  readonly amountWei: bigint;
  readonly state: PayoutState;
  readonly origin: 'round' | 'manual';
  readonly roundId: string | null;
  readonly reason: string | null;
  readonly settlementNo: number;
  /** Of the newest nonce taken for it; null while nothing is signed. */
  readonly nonce: string | null;
  /** The mined transaction, or else the one signed last. */
  readonly txHash: string | null;
  readonly heldAt: Date | null;
  readonly holdReason: string | null;
  /** When an operator let it go above the limits of one payout. */
  readonly approvedAt: Date | null;
  readonly approveReason: string | null;
  readonly waitCode: string | null;
  readonly waitReason: string | null;
  readonly createdAt: Date;
  readonly signedAt: Date | null;
  readonly closedAt: Date | null;
}

export interface PayoutFilter {
  readonly states?: readonly PayoutState[] | undefined;
  readonly payee?: Address | undefined;
}

type PayoutRow = {
  id: string;
  payee: Address;
  destination: Address;
  amount_wei: string;
  state: PayoutState;
  origin: 'round' | 'manual';
  round_id: string | null;
  reason: string | null;
  settlement_no: number;
  nonce: string | null;
  tx_hash: string | null;
  held_at: string | null;
  hold_reason: string | null;
  approved_at: string | null;
  approve_reason: string | null;
  wait_code: string | null;
  wait_reason: string | null;
  created_at: string;
  created_micros: string;
  signed_at: string | null;
  closed_at: string | null;
};

/** What it waited for is kept until its saga looks again, a minute at most: a halt that ended is no reason. */
export const SHOWS_WAIT: SQL = sql`
  (p.wait_code IS DISTINCT FROM 'WALLET_HALTED' OR EXISTS (SELECT FROM wallet_halt))`;

const PAYOUT_COLUMNS: SQL = sql`
  p.id, p.payee, p.destination, p.amount_wei, p.state, p.origin, p.round_id, p.reason,
  p.settlement_no, p.held_at, p.hold_reason, p.approved_at, p.approve_reason, p.created_at,
  CASE WHEN ${SHOWS_WAIT} THEN p.wait_code END AS wait_code,
  CASE WHEN ${SHOWS_WAIT} THEN p.wait_reason END AS wait_reason, p.signed_at, p.closed_at, ${microsOf(sql`p.created_at`)} AS created_micros, slot.nonce, slot.tx_hash`;

const NEWEST_SLOT: SQL = sql`
  LEFT JOIN LATERAL (
    SELECT n.nonce, coalesce(n.mined_hash, (
             SELECT a.hash FROM attempt a
              WHERE a.chain_id = n.chain_id AND a.wallet = n.wallet AND a.nonce = n.nonce
              ORDER BY a.n DESC LIMIT 1)) AS tx_hash
      FROM nonce_slot n WHERE n.payout_id = p.id ORDER BY n.created_at DESC, n.nonce DESC LIMIT 1
  ) slot ON true`;

/** The newest first. */
export async function listPayouts(
  db: Reader,
  filter: PayoutFilter,
  page: PageRequest,
): Promise<Page<PayoutSummary>> {
  const before = readCursor(page.cursor, [CURSOR_PART.integer, CURSOR_PART.uuid]);
  const conditions = allOf([
    stateCondition(filter.states),
    filter.payee === undefined ? undefined : sql`payee = ${filter.payee}`,
    before && sql`(created_at, id) < (${timeOfMicros(before[0])}, ${before[1]}::uuid)`,
  ]);
  const { rows } = await db.execute<PayoutRow>(sql`
    SELECT ${PAYOUT_COLUMNS} FROM (
      SELECT * FROM payout WHERE ${conditions}
       ORDER BY created_at DESC, id DESC LIMIT ${rowsToAskFor(page)}) p
    ${NEWEST_SLOT} ORDER BY p.created_at DESC, p.id DESC`);
  return toPage(rows, page, { item: toPayout, cursorParts: (row) => [row.created_micros, row.id] });
}

/** Payouts that are promised and not settled, those that wait longest first. */
export async function listOpenPayouts(
  db: Reader,
  limit: number,
): Promise<readonly PayoutSummary[]> {
  const { rows } = await db.execute<PayoutRow>(sql`
    SELECT ${PAYOUT_COLUMNS} FROM (
      SELECT * FROM payout WHERE ${stateCondition(OPEN_STATES)} ORDER BY created_at LIMIT ${limit}) p
    ${NEWEST_SLOT} ORDER BY p.created_at, p.id`);
  return rows.map(toPayout);
}

/** Payouts that wait because the wallet holds too little. */
export async function countUnaffordable(
  db: Reader,
): Promise<{ readonly payouts: number; readonly amountWei: bigint }> {
  const { rows } = await db.execute<{ payouts: number; amount_wei: string }>(sql`
    SELECT count(*)::int AS payouts, coalesce(sum(amount_wei), 0) AS amount_wei
      FROM payout WHERE state IN ('reserved', 'signed') AND wait_code = 'WALLET_EMPTY'`);
  return { payouts: rows[0]?.payouts ?? 0, amountWei: BigInt(rows[0]?.amount_wei ?? 0) };
}

export async function findPayout(db: Reader, id: string): Promise<PayoutSummary | undefined> {
  const { rows } = await db.execute<PayoutRow>(
    sql`SELECT ${PAYOUT_COLUMNS} FROM payout p ${NEWEST_SLOT} WHERE p.id = ${id}::uuid`,
  );
  return rows[0] === undefined ? undefined : toPayout(rows[0]);
}

/** The payout of this payee that was open at this time, or the newest made since. */
export async function findPayoutSince(
  db: Reader,
  payee: Address,
  since: Date,
): Promise<PayoutSummary | undefined> {
  const at = since.toISOString();
  const { rows } = await db.execute<PayoutRow>(sql`
    SELECT ${PAYOUT_COLUMNS} FROM (
      SELECT * FROM payout WHERE payee = ${payee}
        AND (state IN ('reserved', 'signed') OR created_at >= ${at} OR closed_at >= ${at})
      ORDER BY created_at DESC, id DESC LIMIT 1) p ${NEWEST_SLOT}`);
  return rows[0] === undefined ? undefined : toPayout(rows[0]);
}

/** States as literals: a partial index is only used when its predicate follows from the text. */
function stateCondition(states: readonly PayoutState[] | undefined): SQL | undefined {
  if (states === undefined) return undefined;
  return sql`state IN (${sql.raw(states.map((state) => `'${state}'`).join(', '))})`;
}

function toPayout(row: PayoutRow): PayoutSummary {
  return {
    id: row.id,
    payee: row.payee,
    destination: row.destination,
    amountWei: BigInt(row.amount_wei),
    state: row.state,
    origin: row.origin,
    roundId: row.round_id,
    reason: row.reason,
    settlementNo: row.settlement_no,
    nonce: row.nonce,
    txHash: row.tx_hash,
    heldAt: toDateOrNull(row.held_at),
    holdReason: row.hold_reason,
    approvedAt: toDateOrNull(row.approved_at),
    approveReason: row.approve_reason,
    waitCode: row.wait_code,
    waitReason: row.wait_reason,
    createdAt: toDate(row.created_at),
    signedAt: toDateOrNull(row.signed_at),
    closedAt: toDateOrNull(row.closed_at),
  };
}

/** Whether this ledger has a payout of this id; any text may be asked for. */
export async function isKnownPayout(db: Reader, id: string): Promise<boolean> {
  const rows = await query(db, sql`SELECT FROM payout WHERE id::text = ${id} LIMIT 1`);
  return rows.length > 0;
}
