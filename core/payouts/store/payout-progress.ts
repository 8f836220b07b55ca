/** Reads the state of payouts, as the activities that carry them out need it. */
import { and, asc, desc, eq, sql } from 'drizzle-orm';
import type { Database, Reader } from '../../db/database.js';
import { list } from '../../db/query.js';
import { payee } from '../../ledger/store/tables.js';
import type { Wait } from '../rules/payout.js';
import { RIPE_FOR_MS } from './payees/payee-verdicts.js';
import { attempt, isOpen, nonceSlot, payout } from './tables.js';
import { isWalletOfLedger } from './wallet/paying-wallet.js';

export type PayoutProgress = Readonly<Awaited<ReturnType<typeof payoutProgress>>[number]>;

const STATE = {
  payoutId: payout.id,
  payee: payout.payee,
  amountWei: payout.amountWei,
  state: payout.state,
};

/** Reads these payouts, in no particular order; unknown ids are left out. */
export async function payoutProgress(reader: Reader, payoutIds: readonly string[]) {
  if (payoutIds.length === 0) return [];
  const slot = reader
    .select()
    .from(nonceSlot)
    .where(eq(nonceSlot.payoutId, payout.id))
    .orderBy(desc(nonceSlot.createdAt), desc(nonceSlot.nonce))
    .limit(1)
    .as('slot');
  const latest = reader
    .select()
    .from(attempt)
    .where(
      and(
        eq(attempt.chainId, slot.chainId),
        eq(attempt.wallet, slot.wallet),
        eq(attempt.nonce, slot.nonce),
      ),
    )
    .orderBy(desc(attempt.n))
    .limit(1)
    .as('latest');
  const holdReason = sql<string | null>`
    CASE WHEN ${payout.heldAt} IS NOT NULL THEN coalesce(${payout.holdReason}, '') END`;
  const found = await reader
    .select({
      ...STATE,
      destination: payout.destination,
      holdReason,
      /** True when an operator has approved it although it is above the limits of one payout. */
      isApproved: sql<boolean>`${payout.approvedAt} IS NOT NULL`,
      isToWallet: sql<boolean>`${isWalletOfLedger(sql`${payout.destination}`)}`,
      origin: payout.origin,
      overridesRules: payout.overridesRules,
      ripeForMs: RIPE_FOR_MS,
      burntGasWei: payee.burntGasWei,
      /** The lowest gas limit for the payee's next transfer; null when no estimate was too low yet. */
      gasLimit: payee.gasLimit,
      waitCode: payout.waitCode,
      waitReason: payout.waitReason,
      slot: { wallet: slot.wallet, nonce: slot.nonce, minedHash: slot.minedHash },
      latest: {
        hash: latest.hash,
        sends: latest.sends,
        maxFeePerGasWei: latest.maxFeePerGasWei,
        gasLimit: latest.gasLimit,
        lastAnswer: latest.lastAnswer,
      },
    })
    .from(payout)
    .innerJoin(payee, eq(payee.address, payout.payee))
    .leftJoinLateral(slot, sql`true`)
    .leftJoinLateral(latest, sql`true`)
    .where(sql`${payout.id} = ANY(${list(payoutIds)}::uuid[])`);
  return found.map(({ waitCode, waitReason, slot: taken, latest: signed, ...rest }) => {
    const wait: Wait | null = waitCode && { code: waitCode, reason: waitReason ?? '' };
    if (taken === null || signed === null) return { ...rest, wait, slot: null };
    const { minedHash, ...place } = taken;
    const { hash, ...bytes } = signed;
    /** The slot that was last taken for it, open or closed, with the mined transaction or else the one signed last. */
    const slot = { ...bytes, ...place, txHash: minedHash ?? hash };
    return { ...rest, wait, slot };
  });
}

export type OpenPayoutRow = Pick<PayoutProgress, keyof typeof STATE>;

/** Reads the open payouts, oldest first: all of them, those of one round, or a single one. */
export async function openPayouts(
  reader: Reader,
  { roundId, payoutId }: { readonly roundId?: string; readonly payoutId?: string },
): Promise<readonly OpenPayoutRow[]> {
  const ofRound = roundId === undefined ? undefined : eq(payout.roundId, roundId);
  const single = payoutId === undefined ? undefined : eq(payout.id, payoutId);
  return reader
    .select(STATE)
    .from(payout)
    .where(and(isOpen(), ofRound, single))
    .orderBy(asc(payout.createdAt), asc(payout.id));
}

/** Stores why open payouts wait, for people to see. Payouts that have ended meanwhile are left alone. */
export async function recordWaits(db: Database, waits: ReadonlyMap<string, Wait>): Promise<void> {
  if (waits.size === 0) return;
  const entries = [...waits].sort(([a], [b]) => (a < b ? -1 : 1));
  await db.execute(sql`
    UPDATE payout SET wait_code = new.code, wait_reason = new.reason
      FROM unnest(${list(entries.map(([id]) => id))}::uuid[],
                  ${list(entries.map(([, wait]) => wait.code))}::text[],
                  ${list(entries.map(([, wait]) => wait.reason))}::text[]) AS new (id, code, reason)
     WHERE payout.id = new.id AND ${isOpen(payout.state)}
       AND (payout.wait_code, payout.wait_reason) IS DISTINCT FROM (new.code, new.reason)`);
}
