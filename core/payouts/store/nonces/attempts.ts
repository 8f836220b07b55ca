/** Finds the signed bytes that have to be sent, and stores what the endpoints answered. */
import { type SQL, sql } from 'drizzle-orm';
import type { WalletView } from '../../../chain/node-reads.js';
import type { Database, Reader } from '../../../db/database.js';
import { fields, list, rows } from '../../../db/query.js';
import { attempt, nonceSlot, payout } from '../tables.js';
import type { WalletKey } from '../wallet/paying-wallet.js';

const SLOT = { payoutId: nonceSlot.payoutId, nonce: nonceSlot.nonce };
const TRANSFER = { destination: payout.destination, amountWei: payout.amountWei };
const BYTES = {
  n: attempt.n,
  hash: attempt.hash,
  raw: attempt.raw,
  sends: attempt.sends,
  gasLimit: attempt.gasLimit,
  maxFeePerGasWei: attempt.maxFeePerGasWei,
  maxPriorityFeePerGasWei: attempt.maxPriorityFeePerGasWei,
};

/** An open slot with its payout's transfer and its latest attempt. */
export type LatestAttempt = Awaited<ReturnType<typeof latestAttempts>>[number];

/** Selects the attempt that was signed last for the row `slot` of the statement. */
export const LATEST_ATTEMPT: SQL = sql`
  (SELECT * FROM attempt
    WHERE chain_id = slot.chain_id AND wallet = slot.wallet AND nonce = slot.nonce
    ORDER BY n DESC LIMIT 1) latest`;

const MAX_ATTEMPTS = 200;
/** At most this many of the next nonces are sent again although the node has them: later ones cannot be mined before them. */
const NEXT_IN_TURN = 50;
/** The process that stored bytes has this long to send them; after that, another process does. */
const OTHERS_TURN = sql`interval '2 seconds'`;

/** Returns the open slots whose bytes were never sent, in nonce order; none while the ledger is halted. */
export function unsentAttempts(reader: Reader, key: WalletKey): Promise<readonly LatestAttempt[]> {
  return latestAttempts(reader, key, sql`latest.sends = 0`);
}

/**
 * Returns the open slots whose bytes have to be sent again, for one of three reasons: the process that stored them
 * never sent them, the node has not shown them for a while, or they are next and the node has had them for a long
 * time without their being mined. `resendAfterMs` is how long the node may not show a transaction; it doubles with
 * each sending, up to a limit.
 */
export function restlessAttempts(
  reader: Reader,
  key: WalletKey,
  view: Pick<WalletView, 'latestNonce' | 'pendingNonce'> & { readonly resendAfterMs: number },
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

/** Returns the slots whose fee has to be raised: the lowest nonce when it has waited too long, and those that a person named. */
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

function latestAttempts(reader: Reader, key: WalletKey, condition: SQL) {
  const statement = sql`
    SELECT ${fields('slot', SLOT)}, ${fields('payout', TRANSFER)}, ${fields('latest', BYTES)}
      FROM nonce_slot slot
      JOIN payout ON payout.id = slot.payout_id
     CROSS JOIN LATERAL ${LATEST_ATTEMPT}
     WHERE slot.chain_id = ${key.chainId} AND slot.wallet = ${key.address}
       AND slot.state = 'open' AND (${condition})
       AND NOT EXISTS (SELECT FROM wallet_halt)
     ORDER BY slot.nonce LIMIT ${MAX_ATTEMPTS}`;
  return rows(reader, { ...SLOT, ...TRANSFER, ...BYTES }, statement);
}

/** Stores what an endpoint answered to each sending, for people to see. Nothing is ever decided by it. */
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
