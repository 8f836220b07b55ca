import { sql } from 'drizzle-orm';
import type { Inclusion } from '../../chain/rules/receipt.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { fields, list, rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, MANAGER, recordDecision } from '../../ledger/store/audit-log.js';
import { movePayouts } from './payout-moves.js';
import {
  type Attempt,
  attempt,
  type NonceSlot,
  nonceSlot,
  type Payout,
  payout,
  type SlotState,
} from './tables.js';
import { markUnpayable, noteBurntGas } from './unpayable-payees.js';
import type { WalletKey } from './wallet/paying-wallet.js';

const SLOT = { nonce: nonceSlot.nonce, payoutId: nonceSlot.payoutId };
const TRANSFER = {
  payee: payout.payee,
  destination: payout.destination,
  amountWei: payout.amountWei,
};
const BYTES = { hash: attempt.hash, raw: attempt.raw, gasLimit: attempt.gasLimit };

/** An open slot with all attempts that were ever signed for it. */
export interface OpenSlot
  extends Pick<NonceSlot, keyof typeof SLOT>,
    Pick<Payout, keyof typeof TRANSFER> {
  readonly attempts: readonly Pick<Attempt, keyof typeof BYTES>[];
}

/** Reads a page of one wallet's open slots in nonce order. */
export async function openSlots(
  reader: Reader,
  key: WalletKey,
  page: { readonly from: number; readonly below: number; readonly limit: number },
): Promise<readonly OpenSlot[]> {
  const found = await rows(
    reader,
    { ...SLOT, ...TRANSFER, ...BYTES },
    sql`SELECT ${fields('slot', SLOT)}, ${fields('payout', TRANSFER)}, ${fields('attempt', BYTES)}
          FROM (SELECT * FROM nonce_slot
                 WHERE chain_id = ${key.chainId} AND wallet = ${key.address} AND state = 'open'
                   AND nonce >= ${page.from} AND nonce < ${page.below}
                 ORDER BY nonce LIMIT ${page.limit}) slot
          JOIN payout ON payout.id = slot.payout_id
          JOIN attempt ON attempt.chain_id = slot.chain_id AND attempt.wallet = slot.wallet
                      AND attempt.nonce = slot.nonce
         ORDER BY slot.nonce, attempt.n`,
  );
  const slots = new Map<number, OpenSlot>();
  for (const { hash, raw, gasLimit, ...slot } of found) {
    const before = slots.get(slot.nonce)?.attempts ?? [];
    slots.set(slot.nonce, { ...slot, attempts: [...before, { hash, raw, gasLimit }] });
  }
  return [...slots.values()];
}

interface Closing {
  readonly slot: Pick<OpenSlot, 'nonce' | 'payoutId' | 'payee'>;
  readonly inclusion: Inclusion;
}

export interface Closings {
  /** The decision of the person whose word counts as a second endpoint, if one was needed. */
  readonly decision?: Decision;
  readonly settled: readonly Closing[];
  readonly refused: readonly (Closing & { readonly reason: string })[];
  readonly outOfGas: readonly (Closing & { readonly nextGasLimit: bigint })[];
}

/**
 * Closes slots as the chain decided, all in one transaction. Slots that another process has closed meanwhile are left
 * as they are: a slot is closed once, and a payout is settled once.
 */
export async function closeSlots(
  db: Database,
  key: WalletKey,
  closings: Closings,
): Promise<readonly string[]> {
  const { settled, refused, outOfGas, decision } = closings;
  const all = [...settled, ...refused, ...outOfGas];
  return transact(db, async (tx) => {
    // Lock payouts before slots and in the order of their ids, as everywhere.
    await tx.execute(sql`
      SELECT FROM payout WHERE id = ANY(${list(all.map(({ slot }) => slot.payoutId))}::uuid[])
       ORDER BY id FOR NO KEY UPDATE`);
    const paid = await closeSlotRows(tx, key, { closings: settled, state: 'mined' });
    const failed = await closeSlotRows(tx, key, {
      closings: [...refused, ...outOfGas],
      state: 'failed',
    });
    await markPaid(tx, paid);
    await markRefused(
      tx,
      refused.filter(({ slot }) => failed.includes(slot.payoutId)),
    );
    await markFailed(
      tx,
      outOfGas.filter(({ slot }) => failed.includes(slot.payoutId)),
    );
    for (const subject of failed) {
      if (decision === undefined) break;
      await recordDecision(tx, { ...decision, action: 'payout.release', subject });
    }
    return [...paid, ...failed];
  });
}

/** Closes those slots that are still open, and returns their payouts. */
async function closeSlotRows(
  tx: Transaction,
  key: WalletKey,
  change: { readonly closings: readonly Closing[]; readonly state: SlotState },
): Promise<readonly string[]> {
  const { closings } = change;
  if (closings.length === 0) return [];
  const closed = await rows(
    tx,
    { payoutId: nonceSlot.payoutId },
    sql`UPDATE nonce_slot slot
           SET state = ${change.state}, mined_hash = seen.hash, block_number = seen.block,
               block_hash = seen.block_hash, gas_used = seen.gas, gas_price_wei = seen.price,
               closed_at = now()
          FROM unnest(${list(closings.map(({ slot }) => slot.nonce))}::bigint[],
                      ${list(closings.map(({ inclusion }) => inclusion.hash))}::text[],
                      ${list(closings.map(({ inclusion }) => inclusion.blockNumber))}::bigint[],
                      ${list(closings.map(({ inclusion }) => inclusion.blockHash))}::text[],
                      ${list(closings.map(({ inclusion }) => inclusion.gasUsed))}::bigint[],
                      ${list(closings.map(({ inclusion }) => inclusion.gasPriceWei))}::numeric[])
                 AS seen (nonce, hash, block, block_hash, gas, price)
         WHERE slot.chain_id = ${key.chainId} AND slot.wallet = ${key.address}
           AND slot.nonce = seen.nonce AND slot.state = 'open'
        RETURNING slot.payout_id AS "payoutId"`,
  );
  return closed.map(({ payoutId }) => payoutId);
}

async function markPaid(tx: Transaction, payoutIds: readonly string[]): Promise<void> {
  if (payoutIds.length === 0) return;
  await movePayouts(tx, 'settle', payoutIds);
  // Where an estimate was once too low, the gas that this transfer used, plus a quarter, is the least limit of the
  // next one.
  await tx.execute(sql`
    UPDATE payee SET burnt_gas_wei = 0, gas_limit = CASE WHEN gas_limit IS NOT NULL
           THEN (slot.gas_used * 5 + 3) / 4 END
      FROM nonce_slot slot JOIN payout ON payout.id = slot.payout_id
     WHERE slot.payout_id = ANY(${list(payoutIds)}::uuid[]) AND slot.state = 'mined'
       AND payee.address = payout.payee
       AND (payee.burnt_gas_wei <> 0 OR payee.gas_limit IS NOT NULL)`);
}

async function markRefused(tx: Transaction, refused: Closings['refused']): Promise<void> {
  await movePayouts(
    tx,
    'refuse',
    refused.map(({ slot }) => slot.payoutId),
  );
  for (const { slot, inclusion, reason } of refused) {
    await markUnpayable(tx, slot.payee, { code: 'REFUSED_ON_CHAIN', reason });
    await noteBurntGas(tx, slot.payee, { inclusion, nextGasLimit: null });
  }
}

/** Ends payouts that ran out of gas. Their cost and the gas limit for the next payout are stored with the payee. */
async function markFailed(tx: Transaction, failed: Closings['outOfGas']): Promise<void> {
  await movePayouts(
    tx,
    'fail',
    failed.map(({ slot }) => slot.payoutId),
  );
  for (const { slot, inclusion, nextGasLimit } of failed) {
    await noteBurntGas(tx, slot.payee, { inclusion, nextGasLimit });
    await recordDecision(tx, {
      actor: MANAGER,
      action: 'payout.out-of-gas',
      subject: slot.payoutId,
      reason: `transaction ${inclusion.hash} ran out of gas`,
      detail: { nextGasLimit: nextGasLimit.toString() },
    });
  }
}
