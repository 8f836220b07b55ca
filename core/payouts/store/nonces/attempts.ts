/** What is to be sent, and what was said when it was. */
import { type SQL, sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { GasFees } from '../../../chain/rules/gas-fees.js';
import type { Database, Reader } from '../../../db/database.js';
import { list, query } from '../../../db/query.js';
import type { WalletKey } from '../wallet/wallets.js';

/** The latest attempt of an open slot. */
export interface LatestAttempt extends GasFees {
  readonly payoutId: string;
  readonly nonce: number;
  readonly destination: Address;
  readonly amountWei: bigint;
  readonly gasLimit: bigint;
  readonly n: number;
  readonly hash: string;
  readonly raw: Uint8Array;
  readonly sends: number;
}

const MAX_ATTEMPTS = 200;
/** What stands behind these cannot be mined before them: to send it again would move nothing. */
const NEXT_IN_TURN = 50;
/** Between storing and sending the process that stored is trusted with it for so long. */
const OTHERS_TURN = sql`interval '2 seconds'`;

/** Open slots whose bytes were never sent, in nonce order. None while the wallet is halted. */
export function unsentAttempts(reader: Reader, key: WalletKey): Promise<readonly LatestAttempt[]> {
  return latestAttempts(reader, key, sql`latest.sends = 0`);
}

export interface Restlessness {
  /** Nonces consumed at the head, and those that the node's pool holds as well. */
  readonly latestNonce: number;
  readonly pendingNonce: number;
  /** How long a sent transaction may stay out of sight; doubles with each sending, to a limit. */
  readonly resendAfterMs: number;
}

/**
 * Open slots to send again: never sent by whoever stored them, out of the node's sight for a while,
 * or, whatever the node says, in its pool for a long time though it is among the next to be mined.
 */
export function restlessAttempts(
  reader: Reader,
  key: WalletKey,
  view: Restlessness,
): Promise<readonly LatestAttempt[]> {
  const patience = sql`${view.resendAfterMs} * interval '1 millisecond'`;
  return latestAttempts(
    reader,
    key,
    sql`slot.nonce >= ${view.latestNonce} AND (
         (latest.sends = 0 AND latest.created_at < now() - ${OTHERS_TURN})
      OR (slot.nonce >= ${view.pendingNonce}
          AND latest.last_sent_at < now() - ${patience} * least(power(2, latest.sends - 1), 16))
      OR (slot.nonce < ${view.latestNonce + NEXT_IN_TURN}
          AND latest.last_sent_at < now() - ${patience} * 40 * least(power(2, latest.sends - 1), 8)))`,
  );
}

/** Slots whose fee is to be raised: the lowest one when it waits too long, and those asked for. */
export function slotsToBump(
  reader: Reader,
  key: WalletKey,
  options: { readonly lowestNonce: number; readonly bumpAfterMs: number },
): Promise<readonly LatestAttempt[]> {
  return latestAttempts(
    reader,
    key,
    sql`slot.nonce >= ${options.lowestNonce} AND (
         (slot.nonce = ${options.lowestNonce} AND latest.sends > 0
          AND latest.created_at < now() - ${options.bumpAfterMs} * interval '1 millisecond')
      OR payout.bump_requested_at > latest.created_at)`,
  );
}

async function latestAttempts(
  reader: Reader,
  key: WalletKey,
  condition: SQL,
): Promise<readonly LatestAttempt[]> {
  const rows = await query<{
    payout_id: string;
    nonce: string;
    destination: Address;
    amount_wei: string;
    gas_limit: string;
    n: number;
    hash: string;
    raw: Buffer;
    sends: number;
    fee: string;
    tip: string;
  }>(
    reader,
    sql`SELECT slot.payout_id, slot.nonce, payout.destination, payout.amount_wei, latest.gas_limit, latest.n, latest.hash, latest.raw, latest.sends,
               latest.max_fee_per_gas_wei AS fee, latest.max_priority_fee_per_gas_wei AS tip
          FROM nonce_slot slot
          JOIN payout ON payout.id = slot.payout_id
         CROSS JOIN LATERAL (
               SELECT * FROM attempt
                WHERE chain_id = slot.chain_id AND wallet = slot.wallet AND nonce = slot.nonce
                ORDER BY n DESC LIMIT 1) latest
         WHERE slot.chain_id = ${key.chainId} AND slot.wallet = ${key.address}
           AND slot.state = 'open' AND (${condition})
           AND NOT EXISTS (SELECT FROM wallet_halt)
         ORDER BY slot.nonce LIMIT ${MAX_ATTEMPTS}`,
  );
  return rows.map((row) => ({
    payoutId: row.payout_id,
    nonce: Number(row.nonce),
    destination: row.destination,
    amountWei: BigInt(row.amount_wei),
    gasLimit: BigInt(row.gas_limit),
    n: row.n,
    hash: row.hash,
    raw: row.raw,
    sends: row.sends,
    maxFeePerGasWei: BigInt(row.fee),
    maxPriorityFeePerGasWei: BigInt(row.tip),
  }));
}

/** Keeps what an endpoint said to each sending. Nothing is ever decided on it. */
export async function recordSends(
  db: Database,
  sends: readonly { readonly hash: string; readonly answer: string }[],
): Promise<void> {
  if (sends.length === 0) return;
  await db.execute(sql`
    UPDATE attempt SET sends = sends + 1, first_sent_at = coalesce(first_sent_at, now()),
           last_sent_at = now(), last_answer = said.answer
      FROM unnest(${list(sends.map(({ hash }) => hash))}::text[],
                  ${list(sends.map(({ answer }) => answer.slice(0, 300)))}::text[]) AS said (hash, answer)
     WHERE attempt.hash = said.hash`);
}
