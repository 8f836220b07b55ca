/** Which worker settles, and its work besides reading receipts: payouts to retry, and sagas to tell. */
import { and, eq, isNotNull, isNull, type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Database, Reader } from '../../db/database.js';
import { list, query, rows } from '../../db/query.js';
import type { WaitCode } from '../rules/payout.js';
import { isOpenSlot, isSigned, nonceSlot, payout, settler } from './tables.js';

/** When the settling worker has not renewed its right for this long, another one takes over. */
const LEASE = '8 seconds';

/**
 * Takes or renews the right to settle, and returns true when this worker has it. The right only saves work: if two
 * workers settle at once, they do the same work twice, but no money moves twice.
 */
export async function holdSettling(
  db: Database,
  { id, canSign }: { readonly id: string; readonly canSign: boolean },
): Promise<boolean> {
  const statement = sql`
    INSERT INTO settler AS s (one, holder, can_sign, until)
    VALUES (true, ${id}::uuid, ${canSign}, clock_timestamp() + ${LEASE}::interval)
    ON CONFLICT (one) DO UPDATE
       SET holder = excluded.holder, can_sign = excluded.can_sign, until = excluded.until
     WHERE s.holder = excluded.holder OR s.until < clock_timestamp()
        OR (excluded.can_sign AND NOT s.can_sign)
    RETURNING 1`;
  const taken = await query(db, statement);
  return taken.length > 0;
}

/** Gives up the right to settle, so the next worker can take over at once. */
export async function leaveSettling(db: Database, id: string): Promise<void> {
  await db.delete(settler).where(eq(settler.holder, id));
}

/** Lists the wallets of this chain that have signed transfers under way. */
export async function walletsUnderWay(
  reader: Reader,
  chainId: number,
): Promise<ReadonlySet<Address>> {
  const { wallet } = nonceSlot;
  const open = await reader
    .selectDistinct({ wallet })
    .from(nonceSlot)
    .where(and(eq(nonceSlot.chainId, chainId), isOpenSlot))
    .orderBy(wallet);
  return new Set(open.map((slot) => slot.wallet));
}

const { id, createdAt, closedAt, toldAt } = payout;

/** Lists the payouts that have signed bytes and have not ended, oldest first. */
export async function signedPayouts(reader: Reader): Promise<readonly string[]> {
  const signed = await reader.select({ id }).from(payout).where(isSigned()).orderBy(createdAt, id);
  return signed.map((one) => one.id);
}

/** Lists payouts that have ended without their sagas having been told, those that ended first at the top. */
export async function untoldPayouts(reader: Reader, limit: number): Promise<readonly string[]> {
  const isUntold = and(isNotNull(closedAt), isNull(toldAt));
  const untold = await reader
    .select({ id })
    .from(payout)
    .where(isUntold)
    .orderBy(closedAt)
    .limit(limit);
  return untold.map((one) => one.id);
}

export async function markTold(db: Database, payoutIds: readonly string[]): Promise<void> {
  if (payoutIds.length === 0) return;
  await db.execute(sql`
    UPDATE payout SET told_at = now() WHERE id = ANY(${list(payoutIds)}::uuid[]) AND closed_at IS NOT NULL`);
}

/**
 * Payouts with one of these wait codes become payable together, when the wallet, the chain or the day allows it; then
 * the oldest goes first.
 */
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
/** A payout that was not tried once in this time has no working saga: no worker runs it, or its code fails. */
const NOT_TAKEN_UP = '1 minute';

/** A reserved payout with its wait code. */
export interface WaitingPayout {
  readonly payoutId: string;
  readonly waitCode: WaitCode | null;
  /** The time as Postgres writes it, to the microsecond. */
  readonly createdAt: string;
}

interface WaitingPage {
  /** The page begins after this payout, or with the oldest one when null. */
  readonly after: Pick<WaitingPayout, 'payoutId' | 'createdAt'> | null;
  readonly limit: number;
}

/** Reads payouts that wait for the wallet, the chain or the day, or that no saga has tried yet, oldest first. */
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
 * Reads payouts that wait for something of their own, such as gas that is too expensive for them, or whose amount a
 * person has approved meanwhile. They do not keep each other from being paid, so they are tried in turn, oldest
 * first.
 */
export function waitingAlone(reader: Reader, page: WaitingPage): Promise<readonly WaitingPayout[]> {
  return waiting(
    reader,
    sql`AND wait_code IS NOT NULL AND wait_code <> ALL(${list(FREED_TOGETHER)}::text[])
        AND (wait_code <> 'PAYOUT_ABOVE_CAP' OR approved_at IS NOT NULL)`,
    page,
  );
}

function waiting(
  reader: Reader,
  which: SQL,
  { after, limit }: WaitingPage,
): Promise<readonly WaitingPayout[]> {
  const behind =
    after === null
      ? sql``
      : sql`AND (created_at, id) > (${after.createdAt}::timestamptz, ${after.payoutId}::uuid)`;
  return rows(
    reader,
    { payoutId: payout.id, waitCode: payout.waitCode, createdAt: String },
    sql`SELECT id AS "payoutId", wait_code AS "waitCode", created_at::text AS "createdAt" FROM payout
         WHERE state = 'reserved' AND held_at IS NULL ${which} ${behind}
         ORDER BY created_at, id LIMIT ${limit}`,
  );
}
