import { eq, sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { fields, list, rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { type Decision, MANAGER, recordDecision } from '../../ledger/store/audit-log.js';
import { payee as payees } from '../../ledger/store/tables.js';
import type { FinalVerdict } from '../rules/settlement-verdict.js';
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
  const statement = sql`
    SELECT ${fields('slot', SLOT)}, ${fields('payout', TRANSFER)}, ${fields('attempt', BYTES)}
      FROM (SELECT * FROM nonce_slot
             WHERE chain_id = ${key.chainId} AND wallet = ${key.address} AND state = 'open'
               AND nonce >= ${page.from} AND nonce < ${page.below}
             ORDER BY nonce LIMIT ${page.limit}) slot
      JOIN payout ON payout.id = slot.payout_id
      JOIN attempt ON attempt.chain_id = slot.chain_id AND attempt.wallet = slot.wallet
                  AND attempt.nonce = slot.nonce
     ORDER BY slot.nonce, attempt.n`;
  const found = await rows(reader, { ...SLOT, ...TRANSFER, ...BYTES }, statement);
  const slots = new Map<number, OpenSlot>();
  for (const { hash, raw, gasLimit, ...slot } of found) {
    const before = slots.get(slot.nonce)?.attempts ?? [];
    slots.set(slot.nonce, { ...slot, attempts: [...before, { hash, raw, gasLimit }] });
  }
  return [...slots.values()];
}

export interface Closing {
  readonly slot: Pick<OpenSlot, 'nonce' | 'payoutId' | 'payee'>;
  readonly verdict: FinalVerdict;
}

const MOVES = { settled: 'settle', refused: 'refuse', 'out-of-gas': 'fail' } as const;

/**
 * Closes slots as the chain decided, all in one transaction, and returns their payouts. Slots that another process has
 * closed meanwhile are left as they are: a slot is closed once, and a payout is settled once. `decision` is of the
 * person whose word counts as a second endpoint, if one was needed.
 */
export async function closeSlots(
  db: Database,
  key: WalletKey,
  { closings, decision }: { readonly closings: readonly Closing[]; readonly decision?: Decision },
): Promise<readonly string[]> {
  return transact(db, async (tx) => {
    // Lock payouts before slots and in the order of their ids, as everywhere.
    await tx.execute(sql`
      SELECT FROM payout WHERE id = ANY(${list(closings.map(({ slot }) => slot.payoutId))}::uuid[])
       ORDER BY id FOR NO KEY UPDATE`);
    const closed = new Set(await closeSlotRows(tx, key, closings));
    const ended = closings.filter(({ slot }) => closed.has(slot.payoutId));
    // What is paid comes last: its day is locked by all payments, and balances come before days.
    for (const kind of ['refused', 'out-of-gas', 'settled'] as const) {
      const those = ended.filter(({ verdict }) => verdict.kind === kind);
      const payoutIds = those.map(({ slot }) => slot.payoutId);
      await movePayouts(tx, MOVES[kind], payoutIds);
      if (kind === 'settled') await keepUsedGas(tx, payoutIds);
    }
    for (const { slot, verdict } of ended) {
      if (verdict.kind === 'settled') continue;
      await noteFailure(tx, slot, verdict);
      const subject = slot.payoutId;
      if (decision) await recordDecision(tx, { ...decision, action: 'payout.release', subject });
    }
    return [...closed];
  });
}

/** Closes those slots that are still open, and returns their payouts. */
async function closeSlotRows(
  tx: Transaction,
  key: WalletKey,
  closings: readonly Closing[],
): Promise<readonly string[]> {
  const seen = closings.map(({ slot, verdict }) => {
    const state: SlotState = verdict.kind === 'settled' ? 'mined' : 'failed';
    return { ...verdict.inclusion, nonce: slot.nonce, state };
  });
  const statement = sql`
    UPDATE nonce_slot slot
       SET state = seen.state, mined_hash = seen.hash, block_number = seen.block,
           block_hash = seen.block_hash, gas_used = seen.gas, gas_price_wei = seen.price,
           closed_at = now()
      FROM unnest(${list(seen.map(({ nonce }) => nonce))}::bigint[],
                  ${list(seen.map(({ state }) => state))}::text[],
                  ${list(seen.map(({ hash }) => hash))}::text[],
                  ${list(seen.map(({ blockNumber }) => blockNumber))}::bigint[],
                  ${list(seen.map(({ blockHash }) => blockHash))}::text[],
                  ${list(seen.map(({ gasUsed }) => gasUsed))}::bigint[],
                  ${list(seen.map(({ gasPriceWei }) => gasPriceWei))}::numeric[])
             AS seen (nonce, state, hash, block, block_hash, gas, price)
     WHERE slot.chain_id = ${key.chainId} AND slot.wallet = ${key.address}
       AND slot.nonce = seen.nonce AND slot.state = 'open'
    RETURNING slot.payout_id AS "payoutId"`;
  const closed = await rows(tx, { payoutId: nonceSlot.payoutId }, statement);
  return closed.map(({ payoutId }) => payoutId);
}

/**
 * Where an estimate was once too low, the gas that this transfer used, plus a quarter, becomes the least limit of the
 * payee's next one.
 */
async function keepUsedGas(tx: Transaction, payoutIds: readonly string[]): Promise<void> {
  if (payoutIds.length === 0) return;
  await tx.execute(sql`
    UPDATE payee SET burnt_gas_wei = 0, gas_limit = CASE WHEN gas_limit IS NOT NULL
           THEN (slot.gas_used * 5 + 3) / 4 END
      FROM nonce_slot slot JOIN payout ON payout.id = slot.payout_id
     WHERE slot.payout_id = ANY(${list(payoutIds)}::uuid[]) AND slot.state = 'mined'
       AND payee.address = payout.payee
       AND (payee.burnt_gas_wei <> 0 OR payee.gas_limit IS NOT NULL)`);
}

/**
 * Stores with the payee what a failed transfer has burnt. A payee that refused it is unpayable from now on; after one
 * that ran out of gas, the next transfer gets a higher limit.
 */
async function noteFailure(
  tx: Transaction,
  { payee, payoutId }: Closing['slot'],
  verdict: Exclude<FinalVerdict, { readonly kind: 'settled' }>,
): Promise<void> {
  const { hash, gasUsed, gasPriceWei } = verdict.inclusion;
  const nextGasLimit = verdict.kind === 'out-of-gas' ? verdict.nextGasLimit.toString() : null;
  await tx.execute(sql`
    UPDATE payee SET burnt_gas_wei = burnt_gas_wei + ${(gasUsed * gasPriceWei).toString()}::numeric,
           gas_limit = coalesce(${nextGasLimit}::bigint, gas_limit)
     WHERE address = ${payee}`);
  if (verdict.kind === 'refused') {
    await markUnpayable(tx, payee, { code: 'REFUSED_ON_CHAIN', reason: verdict.reason });
    return;
  }
  await recordDecision(tx, {
    actor: MANAGER,
    action: 'payout.out-of-gas',
    subject: payoutId,
    reason: `transaction ${hash} ran out of gas`,
    detail: { nextGasLimit: verdict.nextGasLimit.toString() },
  });
}

/** Stops further payouts to a payee whose destination refused one, until an operator releases the payee. */
export async function markUnpayable(
  tx: Transaction,
  address: Address,
  { code, reason }: { readonly code: string; readonly reason: string },
): Promise<void> {
  await tx
    .update(payees)
    .set({ unpayableCode: code, unpayableReason: reason, unpayableAt: sql`now()` })
    .where(eq(payees.address, address));
  await recordDecision(tx, { actor: MANAGER, action: 'payee.unpayable', subject: address, reason });
}
