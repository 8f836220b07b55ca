/** What a reconciliation reads from the ledger, and the results that it stores there. */
import { and, asc, desc, eq, gte, inArray, lt, lte, sql } from 'drizzle-orm';
import type { Database, Reader } from '../../db/database.js';
import { rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { nonceSlot, payout, wallet } from '../../payouts/store/tables.js';
import type { WalletKey } from '../../payouts/store/wallet/paying-wallet.js';
import type { LedgerRecord } from '../rules/discrepancies.js';
import { tellDrift } from './drift-notices.js';
import { isSentBy } from './foreign-transactions.js';
import { isSlotOf } from './paid-slots.js';
import { foreignTransaction, reconciliation } from './tables.js';

/** Where an interval begins: a block, and the wallet's nonce and balance after it. */
export type ReconciliationStart = NonNullable<Awaited<ReturnType<typeof reconciliationStart>>>;

/** Reads the end of the last interval that added up, or else the wallet's opening. */
export async function reconciliationStart(
  reader: Reader,
  key: WalletKey,
  options: { readonly fromOpening: boolean },
) {
  const [start] = await rows(
    reader,
    {
      block: wallet.openingBlock,
      nonce: wallet.openingNonce,
      balanceWei: wallet.openingBalanceWei,
      /** Nonces below this one were accepted together with the wallet, including those that were mined after it was opened. */
      openingNonce: wallet.openingNonce,
      /** True until a first interval has added up, so the interval begins at the wallet's opening. */
      isOpening: Boolean,
    },
    sql`SELECT wallet.opening_nonce AS "openingNonce", coalesce(done.to_block, wallet.opening_block) AS block,
               coalesce(done.to_nonce, wallet.opening_nonce) AS nonce,
               coalesce(done.balance_wei, wallet.opening_balance_wei) AS "balanceWei",
               done.id IS NULL AS "isOpening"
          FROM wallet LEFT JOIN LATERAL (
               SELECT * FROM reconciliation
                WHERE reconciliation.chain_id = wallet.chain_id
                  AND reconciliation.wallet = wallet.address AND ok AND NOT ${options.fromOpening}
                ORDER BY id DESC LIMIT 1) done ON true
         WHERE wallet.chain_id = ${key.chainId} AND wallet.address = ${key.address}`,
  );
  return start;
}

/** Reads what the ledger knows about these nonces, from `from` up to but not including `below`. */
export async function ledgerRecords(
  reader: Reader,
  key: WalletKey,
  { from, below }: { readonly from: number; readonly below: number },
): Promise<ReadonlyMap<number, LedgerRecord>> {
  const slot = reader
    .select({
      nonce: nonceSlot.nonce,
      state: nonceSlot.state,
      payoutId: nonceSlot.payoutId,
      minedHash: nonceSlot.minedHash,
      destination: payout.destination,
      amountWei: payout.amountWei,
    })
    .from(nonceSlot)
    .innerJoin(payout, eq(payout.id, nonceSlot.payoutId))
    .where(and(isSlotOf(key), gte(nonceSlot.nonce, from), lt(nonceSlot.nonce, below)))
    .as('slot');
  const other = reader
    .select({ nonce: foreignTransaction.nonce, hash: foreignTransaction.hash })
    .from(foreignTransaction)
    .where(
      and(isSentBy(key), gte(foreignTransaction.nonce, from), lt(foreignTransaction.nonce, below)),
    )
    .as('other');
  const { state, payoutId, destination, amountWei, minedHash } = slot;
  const records = await reader
    .select({
      nonce: sql`coalesce(${slot.nonce}, ${other.nonce})`.mapWith(nonceSlot.nonce),
      slot: { state, payoutId, destination, amountWei, minedHash },
      foreignHash: other.hash,
    })
    .from(slot)
    .fullJoin(other, eq(other.nonce, slot.nonce));
  return new Map(records.map((record) => [record.nonce, record]));
}

/** Finds the nonces from `end` on that the ledger calls mined by the block of `end`, although the chain has not consumed them. */
export async function minedBeyond(
  reader: Reader,
  key: WalletKey,
  end: { readonly nonce: number; readonly block: number },
): Promise<readonly number[]> {
  const slots = await reader
    .select({ nonce: nonceSlot.nonce })
    .from(nonceSlot)
    .where(
      and(
        isSlotOf(key),
        gte(nonceSlot.nonce, end.nonce),
        inArray(nonceSlot.state, ['mined', 'failed']),
        lte(nonceSlot.blockNumber, end.block),
      ),
    )
    .orderBy(asc(nonceSlot.nonce))
    .limit(100);
  return slots.map(({ nonce }) => nonce);
}

export type KeptReconciliation = Readonly<typeof reconciliation.$inferSelect>;
export type Reconciliation = Omit<KeptReconciliation, 'id' | 'chainId' | 'wallet' | 'ok' | 'at'>;

/** Stores the result. If the interval did not add up, the next reconciliation begins at the same block again. */
export async function keepReconciliation(
  db: Database,
  { chainId, address }: WalletKey,
  result: Reconciliation,
): Promise<void> {
  const ok = result.discrepancies.length === 0;
  const grave = result.discrepancies.filter(({ code }) => code !== 'PAYOUT_NOT_SETTLED');
  await transact(db, async (tx) => {
    await tx.insert(reconciliation).values({ ...result, chainId, wallet: address, ok });
    await tellDrift(tx, 'reconciliation', grave, `${chainId}/${address}/${result.fromBlock}`);
  });
}

/** Lists the results, newest first. */
export async function listReconciliations(
  reader: Reader,
  key: WalletKey,
  limit: number,
): Promise<readonly KeptReconciliation[]> {
  return reader
    .select()
    .from(reconciliation)
    .where(and(eq(reconciliation.chainId, key.chainId), eq(reconciliation.wallet, key.address)))
    .orderBy(desc(reconciliation.id))
    .limit(limit);
}
