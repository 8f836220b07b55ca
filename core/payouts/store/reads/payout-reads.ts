/** Reads payouts to show them to people: their state, what was signed, and why they wait. */
import { and, asc, count, eq, getTableColumns, type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { Reader } from '../../../db/database.js';
import { allOf, Keyset, type Page, type PageRequest, rowsToAskFor } from '../../../db/paging.js';
import { fields, list, orNull, prepared, query, rows } from '../../../db/query.js';
import { remoteWorker } from '../../../ledger/store/tables.js';
import type { PayoutState } from '../../rules/payout.js';
import { LATEST_ATTEMPT } from '../nonces/attempts.js';
import {
  attempt,
  isBlocking,
  isIn,
  isOpen,
  nonceSlot,
  payout,
  payoutAllocation,
  SHOWS_WAIT,
} from '../tables.js';

const {
  requestId: _request,
  bumpRequestedAt: _bump,
  toldAt: _told,
  waitBeganAt: _began,
  waitCode,
  waitReason,
  ...PAYOUT
} = getTableColumns(payout);

export type PayoutSummary = Awaited<ReturnType<typeof readPayouts>>[number];

export interface PayoutFilter {
  readonly states?: readonly PayoutState[] | undefined;
  readonly payee?: Address | undefined;
}

const NEWEST_SLOT: SQL = sql`
  LEFT JOIN LATERAL (SELECT * FROM nonce_slot WHERE payout_id = p.id
                      ORDER BY created_at DESC, nonce DESC LIMIT 1) slot ON true
  LEFT JOIN LATERAL ${LATEST_ATTEMPT} ON true`;

const NEWEST_FIRST = new Keyset('DESC', {
  createdMicros: { column: sql`p.created_at`, kind: 'time' },
  id: { column: sql`p.id`, kind: 'uuid' },
});

const FIELDS = {
  ...PAYOUT,
  waitCode,
  waitReason,
  /** The newest nonce that was taken for the payout; null while nothing is signed. */
  nonce: orNull(String),
  /** The hash of the mined transaction, or else of the one that was signed last. */
  txHash: orNull(String),
  createdMicros: String,
};

/** Selects payouts for display. `chosen` is the text after FROM: it selects the payouts as `p` and their order. */
const selectPayouts = (chosen: SQL): SQL => sql`
  SELECT ${fields('p', PAYOUT)}, CASE WHEN ${SHOWS_WAIT} THEN p.wait_code END AS "waitCode",
         CASE WHEN ${SHOWS_WAIT} THEN p.wait_reason END AS "waitReason", slot.nonce,
         coalesce(slot.mined_hash, latest.hash) AS "txHash", ${NEWEST_FIRST.timeFields}
    FROM ${chosen}`;

const readPayouts = (db: Reader, chosen: SQL) => rows(db, FIELDS, selectPayouts(chosen));

/** Lists the newest payouts of each of these payees, as `listPayouts` does. */
export const payoutsOfPayees = prepared(
  'payouts_of_payees',
  FIELDS,
  ['payees', 'limit'],
  ({ payees, limit }) =>
    selectPayouts(sql`unnest(${payees}::text[]) AS asked (payee)
      CROSS JOIN LATERAL (SELECT * FROM payout p WHERE p.payee = asked.payee
                           ORDER BY ${NEWEST_FIRST.order} LIMIT ${limit}::int) p
      ${NEWEST_SLOT} ORDER BY p.payee, ${NEWEST_FIRST.order}`),
);

/** Lists payouts, newest first. */
export async function listPayouts(
  db: Reader,
  filter: PayoutFilter,
  page: PageRequest,
): Promise<Page<PayoutSummary>> {
  const conditions = allOf([
    filter.states && isIn(filter.states),
    filter.payee === undefined ? undefined : sql`payee = ${filter.payee}`,
    NEWEST_FIRST.after(page),
  ]);
  const found = await readPayouts(
    db,
    sql`(SELECT * FROM payout p WHERE ${conditions}
          ORDER BY ${NEWEST_FIRST.order} LIMIT ${rowsToAskFor(page)}) p
        ${NEWEST_SLOT} ORDER BY ${NEWEST_FIRST.order}`,
  );
  return NEWEST_FIRST.page(found, page, (one) => one);
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

const {
  chainId: _chain,
  wallet: _wallet,
  nonce: _nonce,
  raw: _raw,
  ...ATTEMPT
} = getTableColumns(attempt);

export type SlotSummary = Awaited<ReturnType<typeof readSlots>>[number];
export type AllocationSummary = Awaited<ReturnType<typeof readAllocations>>[number];

/**
 * Reads the nonce slots of a payout in the order in which they were taken, each with its attempts in the order in which
 * they were signed, but without their raw bytes.
 */
export async function readSlots(db: Reader, payoutId: string) {
  const slots = await db
    .select()
    .from(nonceSlot)
    .where(eq(nonceSlot.payoutId, payoutId))
    .orderBy(asc(nonceSlot.createdAt), asc(nonceSlot.nonce));
  const withAttempts = slots.map(async (slot) => {
    const { chainId, wallet, nonce, n } = attempt;
    const attempts = await db
      .select(ATTEMPT)
      .from(attempt)
      .where(and(eq(chainId, slot.chainId), eq(wallet, slot.wallet), eq(nonce, slot.nonce)))
      .orderBy(asc(n));
    return { ...slot, attempts };
  });
  return Promise.all(withAttempts);
}

/** What the transactions of these payouts cost in gas fees, by payout; those that are in no block yet are left out. */
export async function readCosts(
  db: Reader,
  payoutIds: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const found = await rows(
    db,
    { id: nonceSlot.payoutId, costWei: payout.amountWei },
    sql`SELECT payout_id AS id, sum(gas_used * gas_price_wei) AS "costWei" FROM nonce_slot
         WHERE payout_id = ANY(${list(payoutIds)}::uuid[]) AND gas_used * gas_price_wei IS NOT NULL GROUP BY 1`,
  );
  return new Map(found.map(({ id, costWei }) => [id, costWei]));
}

/** Reads how the payout's amount is divided over the payee's worker rows. */
export async function readAllocations(db: Reader, payoutId: string) {
  return db
    .select({
      remoteWorkerId: payoutAllocation.remoteWorkerId,
      nodeType: remoteWorker.nodeType,
      region: remoteWorker.region,
      amountWei: payoutAllocation.amountWei,
    })
    .from(payoutAllocation)
    .innerJoin(remoteWorker, eq(remoteWorker.id, payoutAllocation.remoteWorkerId))
    .where(eq(payoutAllocation.payoutId, payoutId))
    .orderBy(asc(payoutAllocation.remoteWorkerId));
}
