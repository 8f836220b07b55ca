/** Where payouts stand, as the activities that carry them need it. */
import { sql } from 'drizzle-orm';
import type { Address } from '../domain/address.js';
import type { PayoutState, Wait, WaitCode } from '../domain/payout.js';
import type { Database, Reader } from './database.js';
import { isWalletOfLedger } from './paying-wallet.js';
import { list, query } from './query.js';

export interface PayoutProgress {
  readonly payoutId: string;
  readonly payee: Address;
  readonly destination: Address;
  readonly amountWei: bigint;
  readonly state: PayoutState;
  readonly holdReason: string | null;
  /** An operator let it go above the limits of one payout. */
  readonly isApproved: boolean;
  /** Its destination is a wallet that pays or has paid for this ledger. */
  readonly isToWallet: boolean;
  /** What failed transfers to its payee have cost since the payee was last paid. */
  readonly burntGasWei: bigint;
  readonly wait: Wait | null;
  /** Gas limit that its payee's next transfer asks for at least. */
  readonly gasLimit: bigint | null;
  /** Of its latest slot, whatever became of that. */
  readonly slot: SlotProgress | null;
}

interface SlotProgress {
  readonly wallet: Address;
  readonly nonce: number;
  /** The mined transaction, or the latest one signed. */
  readonly txHash: string;
  readonly sends: number;
  readonly maxFeePerGasWei: bigint;
  readonly gasLimit: bigint;
  readonly lastAnswer: string | null;
}

interface ProgressRow {
  readonly id: string;
  readonly payee: Address;
  readonly destination: Address;
  readonly amount_wei: string;
  readonly state: PayoutState;
  readonly hold_reason: string | null;
  readonly approved: boolean;
  readonly to_wallet: boolean;
  readonly burnt: string;
  readonly wait_code: WaitCode | null;
  readonly wait_reason: string | null;
  readonly gas_limit: string | null;
  readonly wallet: Address;
  readonly nonce: string | null;
  readonly hash: string;
  readonly sends: number;
  readonly fee: string;
  readonly attempt_gas: string;
  readonly last_answer: string | null;
}

/** These payouts, in no order; unknown ids are left out. */
export async function payoutProgress(
  reader: Reader,
  payoutIds: readonly string[],
): Promise<readonly PayoutProgress[]> {
  if (payoutIds.length === 0) return [];
  const rows = await query<ProgressRow>(
    reader,
    sql`SELECT payout.id, payout.payee, payout.destination, payout.amount_wei, payout.state,
               payout.wait_code, payout.wait_reason, payee.gas_limit, payout.approved_at IS NOT NULL AS approved,
               ${isWalletOfLedger(sql`payout.destination`)} AS to_wallet, payee.burnt_gas_wei AS burnt,
               CASE WHEN held_at IS NOT NULL THEN coalesce(hold_reason, '') END AS hold_reason,
               slot.wallet, slot.nonce, coalesce(slot.mined_hash, latest.hash) AS hash, latest.sends,
               latest.max_fee_per_gas_wei AS fee, latest.gas_limit AS attempt_gas,
               latest.last_answer
          FROM payout JOIN payee ON payee.address = payout.payee
          LEFT JOIN LATERAL (
               SELECT * FROM nonce_slot WHERE payout_id = payout.id
                ORDER BY created_at DESC, nonce DESC LIMIT 1) slot ON true
          LEFT JOIN LATERAL (
               SELECT * FROM attempt WHERE chain_id = slot.chain_id AND wallet = slot.wallet
                                       AND nonce = slot.nonce
                ORDER BY n DESC LIMIT 1) latest ON true
         WHERE payout.id = ANY(${list(payoutIds)}::uuid[])`,
  );
  return rows.map((row) => ({
    payoutId: row.id,
    payee: row.payee,
    destination: row.destination,
    amountWei: BigInt(row.amount_wei),
    state: row.state,
    holdReason: row.hold_reason,
    isApproved: row.approved,
    isToWallet: row.to_wallet,
    burntGasWei: BigInt(row.burnt),
    wait: row.wait_code === null ? null : { code: row.wait_code, reason: row.wait_reason ?? '' },
    gasLimit: row.gas_limit === null ? null : BigInt(row.gas_limit),
    slot: row.nonce === null ? null : slotOf(row, Number(row.nonce)),
  }));
}

function slotOf(row: ProgressRow, nonce: number): SlotProgress {
  return {
    wallet: row.wallet,
    nonce,
    txHash: row.hash,
    sends: row.sends,
    maxFeePerGasWei: BigInt(row.fee),
    gasLimit: BigInt(row.attempt_gas),
    lastAnswer: row.last_answer,
  };
}

export interface OpenPayoutRow {
  readonly payoutId: string;
  readonly payee: Address;
  readonly amountWei: bigint;
  readonly state: PayoutState;
}

/** All open payouts, oldest first; of one round, or one alone, when named. */
export async function openPayouts(
  reader: Reader,
  only: { readonly roundId?: string; readonly payoutId?: string },
): Promise<readonly OpenPayoutRow[]> {
  const rows = await query<Pick<ProgressRow, 'id' | 'payee' | 'amount_wei' | 'state'>>(
    reader,
    sql`SELECT id, payee, amount_wei, state FROM payout
         WHERE state IN ('reserved', 'signed', 'reopened')
           ${only.roundId === undefined ? sql`` : sql`AND round_id = ${only.roundId}::uuid`}
           ${only.payoutId === undefined ? sql`` : sql`AND id = ${only.payoutId}::uuid`}
         ORDER BY created_at, id`,
  );
  return rows.map((row) => ({
    payoutId: row.id,
    payee: row.payee,
    amountWei: BigInt(row.amount_wei),
    state: row.state,
  }));
}

/** Shows why open payouts wait. A payout that another message changed meanwhile keeps its own. */
export async function recordWaits(db: Database, waits: ReadonlyMap<string, Wait>): Promise<void> {
  if (waits.size === 0) return;
  const entries = [...waits].sort(([a], [b]) => (a < b ? -1 : 1));
  await db.execute(sql`
    UPDATE payout SET wait_code = new.code, wait_reason = new.reason
      FROM unnest(${list(entries.map(([id]) => id))}::uuid[],
                  ${list(entries.map(([, wait]) => wait.code))}::text[],
                  ${list(entries.map(([, wait]) => wait.reason))}::text[]) AS new (id, code, reason)
     WHERE payout.id = new.id AND payout.state IN ('reserved', 'signed', 'reopened')
       AND (payout.wait_code, payout.wait_reason) IS DISTINCT FROM (new.code, new.reason)`);
}
