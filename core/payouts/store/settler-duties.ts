/** Who settles, and what that worker has to do besides reading receipts: payouts that wait, sagas to tell. */
import { and, asc, eq, isNotNull, isNull, type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Database, Reader } from '../../db/database.js';
import { list, query, rows } from '../../db/query.js';
import type { WaitCode } from '../rules/payout.js';
import { isOpenSlot, isSigned, nonceSlot, payout, settler } from './tables.js';

/** After this long without a renewal another worker takes over. */
const LEASE = '8 seconds';

/**
 * Takes or renews the right to settle, and gives true when this worker has it. It only saves work: two workers that
 * settle at once do the same work twice, and no money moves twice.
 */
export async function holdSettling(
  db: Database,
  { id, canSign }: { readonly id: string; readonly canSign: boolean },
): Promise<boolean> {
  const taken = await query(
    db,
    sql`INSERT INTO settler AS s (one, holder, can_sign, until)
        VALUES (true, ${id}::uuid, ${canSign}, clock_timestamp() + ${LEASE}::interval)
        ON CONFLICT (one) DO UPDATE
           SET holder = excluded.holder, can_sign = excluded.can_sign, until = excluded.until
         WHERE s.holder = excluded.holder OR s.until < clock_timestamp()
            OR (excluded.can_sign AND NOT s.can_sign)
        RETURNING 1`,
  );
  return taken.length > 0;
}

/** Lets the next worker settle at once. */
export async function leaveSettling(db: Database, id: string): Promise<void> {
  await db.delete(settler).where(eq(settler.holder, id));
}

/** Wallets of this chain that have signed transfers under way. */
export async function walletsUnderWay(
  reader: Reader,
  chainId: number,
): Promise<ReadonlySet<Address>> {
  const open = await reader
    .selectDistinct({ wallet: nonceSlot.wallet })
    .from(nonceSlot)
    .where(and(eq(nonceSlot.chainId, chainId), isOpenSlot))
    .orderBy(asc(nonceSlot.wallet));
  return new Set(open.map(({ wallet }) => wallet));
}

/** Payouts that have signed bytes and have not ended, the oldest first. */
export async function signedPayouts(reader: Reader): Promise<readonly string[]> {
  const signed = await reader
    .select({ id: payout.id })
    .from(payout)
    .where(isSigned())
    .orderBy(asc(payout.createdAt), asc(payout.id));
  return signed.map(({ id }) => id);
}

/** Payouts that have ended without their sagas having been told, the longest ended first. */
export async function untoldPayouts(reader: Reader, limit: number): Promise<readonly string[]> {
  const untold = await reader
    .select({ id: payout.id })
    .from(payout)
    .where(and(isNotNull(payout.closedAt), isNull(payout.toldAt)))
    .orderBy(asc(payout.closedAt))
    .limit(limit);
  return untold.map(({ id }) => id);
}

export async function markTold(db: Database, payoutIds: readonly string[]): Promise<void> {
  if (payoutIds.length === 0) return;
  await db.execute(sql`
    UPDATE payout SET told_at = now() WHERE id = ANY(${list(payoutIds)}::uuid[]) AND closed_at IS NOT NULL`);
}

/** Payouts that wait for one of these are freed together, when the wallet, the chain or the day allows; the oldest goes first. */
const FREED_TOGETHER: readonly WaitCode[] = [
  'WALLET_HALTED',
  'WALLET_EMPTY',
  'FEE_ABOVE_CAP',
  'DAILY_CAP_REACHED',
  'RPC_UNREACHABLE',
  'SIGNER_UNREACHABLE',
  'SIGNER_REFUSED',
  'WALLET_REPLACED',
];
/** After this long without a first try, no worker runs the payout's saga, or the saga's code fails. */
const NOT_TAKEN_UP = '1 minute';

/** A payout for which nothing is signed, and why. */
export interface WaitingPayout {
  readonly payoutId: string;
  readonly waitCode: WaitCode | null;
  readonly place: Place;
}

/** Where a payout stands among those that wait, the oldest first. */
export interface Place {
  readonly payoutId: string;
  /** As Postgres writes it, to the microsecond. */
  readonly createdAt: string;
}

export interface WaitingPage {
  /** The page begins after this one, or with the oldest when null. */
  readonly after: Place | null;
  readonly limit: number;
}

/** Payouts that wait for the wallet, the chain or the day, or that no saga has taken up, the oldest first. */
export function waitingTogether(
  reader: Reader,
  page: WaitingPage,
): Promise<readonly WaitingPayout[]> {
  return waiting(
    reader,
    sql`AND (wait_code = ANY(${list(FREED_TOGETHER)}::text[])
             OR (wait_code IS NULL AND created_at < now() - ${NOT_TAKEN_UP}::interval))`,
    page,
  );
}

/**
 * Payouts that wait for something of their own: gas that is too dear for them, a hold or an amount that a person
 * has let go meanwhile. None of them stands in another's way, so they come in turn, the oldest first.
 */
export function waitingAlone(reader: Reader, page: WaitingPage): Promise<readonly WaitingPayout[]> {
  return waiting(
    reader,
    sql`AND wait_code IS NOT NULL AND wait_code <> ALL(${list(FREED_TOGETHER)}::text[])
        AND (wait_code <> 'PAYOUT_ABOVE_CAP' OR approved_at IS NOT NULL)`,
    page,
  );
}

async function waiting(
  reader: Reader,
  which: SQL,
  { after, limit }: WaitingPage,
): Promise<readonly WaitingPayout[]> {
  const behind =
    after === null
      ? sql``
      : sql`AND (created_at, id) > (${after.createdAt}::timestamptz, ${after.payoutId}::uuid)`;
  const found = await rows(
    reader,
    { payoutId: payout.id, waitCode: payout.waitCode, createdAt: String },
    sql`SELECT id AS "payoutId", wait_code AS "waitCode", created_at::text AS "createdAt" FROM payout
         WHERE state = 'reserved' AND held_at IS NULL ${which} ${behind}
         ORDER BY created_at, id LIMIT ${limit}`,
  );
  return found.map(({ payoutId, waitCode, createdAt }) => ({
    payoutId,
    waitCode,
    place: { payoutId, createdAt },
  }));
}
