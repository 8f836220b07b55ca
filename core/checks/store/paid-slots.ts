/**
 * Paid transfers that a reorg could still take back: each is checked again, followed into another block, or reopened.
 */
import { and, asc, eq, gte, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import type { Database, Reader } from '../../db/database.js';
import { transact } from '../../db/transact.js';
import { MANAGER, recordDecision } from '../../ledger/store/audit-log.js';
import { movePayouts } from '../../payouts/store/payout-moves.js';
import { nonceSlot } from '../../payouts/store/tables.js';
import type { WalletKey } from '../../payouts/store/wallet/paying-wallet.js';

/** Selects the nonce slots of a wallet. */
export const isSlotOf = ({ chainId, address }: WalletKey): SQL | undefined =>
  and(eq(nonceSlot.chainId, chainId), eq(nonceSlot.wallet, address));

/**
 * Selects the mined slots. The state is a literal, because Postgres uses the partial index of mined slots only then.
 */
const isMined = (key: WalletKey) => and(isSlotOf(key), sql`${nonceSlot.state} = 'mined'`);

/** Reads a page of the paid slots that are not final yet, in the order of their nonces. */
export async function slotsNotFinal(
  reader: Reader,
  key: WalletKey,
  page: { readonly from: number; readonly limit: number },
) {
  // The columns may be null in general, but a mined slot always has them.
  return reader
    .select({
      nonce: nonceSlot.nonce,
      payoutId: nonceSlot.payoutId,
      hash: sql<string>`${nonceSlot.minedHash}`,
      blockNumber: sql`${nonceSlot.blockNumber}`.mapWith(nonceSlot.blockNumber),
      blockHash: sql<string>`${nonceSlot.blockHash}`,
    })
    .from(nonceSlot)
    .where(and(isMined(key), gte(nonceSlot.nonce, page.from), isNull(nonceSlot.finalAt)))
    .orderBy(asc(nonceSlot.nonce))
    .limit(page.limit);
}

export type PaidSlot = Awaited<ReturnType<typeof slotsNotFinal>>[number];

/** Marks these slots as final; they are not checked again. */
export async function markFinal(
  db: Database,
  key: WalletKey,
  slots: readonly PaidSlot[],
): Promise<void> {
  if (slots.length === 0) return;
  const nonces = slots.map(({ nonce }) => nonce);
  await db
    .update(nonceSlot)
    .set({ finalAt: sql`now()` })
    .where(and(isMined(key), inArray(nonceSlot.nonce, nonces)));
}

/** Records the block that a reorg has moved the transfer to. */
export async function moveSlot(
  db: Database,
  key: WalletKey,
  moved: PaidSlot & { readonly gasUsed: bigint; readonly gasPriceWei: bigint },
): Promise<void> {
  const { nonce, hash, blockNumber, blockHash, gasUsed, gasPriceWei } = moved;
  await db
    .update(nonceSlot)
    .set({ blockNumber, blockHash, gasUsed, gasPriceWei })
    .where(and(isMined(key), eq(nonceSlot.nonce, nonce), eq(nonceSlot.minedHash, hash)));
}

/**
 * Reopens a payout whose transfer was taken back by a reorg: its amount is reserved again, and the same bytes are
 * sent again under the same nonce. Returns false when another process did it first.
 */
export async function reopenPayout(db: Database, key: WalletKey, slot: PaidSlot): Promise<boolean> {
  const { nonce, payoutId, hash, blockNumber, blockHash } = slot;
  return transact(db, async (tx) => {
    await tx.execute(sql`SELECT FROM payout WHERE id = ${payoutId} FOR NO KEY UPDATE`);
    const noBlock = { blockNumber: null, blockHash: null, gasUsed: null, gasPriceWei: null };
    const isAsSeen = and(eq(nonceSlot.minedHash, hash), eq(nonceSlot.blockHash, blockHash));
    const opened = await tx
      .update(nonceSlot)
      .set({ state: 'open', minedHash: null, closedAt: null, ...noBlock })
      .where(and(isMined(key), eq(nonceSlot.nonce, nonce), isAsSeen))
      .returning({ nonce: nonceSlot.nonce });
    if (opened.length === 0) return false;
    await movePayouts(tx, 'reopen', [payoutId]);
    await recordDecision(tx, {
      actor: MANAGER,
      action: 'payout.reopen',
      subject: payoutId,
      reason: `a reorg took back transaction ${hash} of block ${blockNumber}`,
    });
    return true;
  });
}
