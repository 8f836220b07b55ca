/** Reads the details of one payout: the nonces taken for it, the bytes signed, and the worker rows it settles. */
import { asc, eq, sql } from 'drizzle-orm';
import type { Reader } from '../../../db/database.js';
import { remoteWorker } from '../../../ledger/store/tables.js';
import { type Attempt, attempt, type NonceSlot, nonceSlot, payoutAllocation } from '../tables.js';

const ATTEMPT_COLUMNS = {
  hash: attempt.hash,
  n: attempt.n,
  gasLimit: attempt.gasLimit,
  maxFeePerGasWei: attempt.maxFeePerGasWei,
  maxPriorityFeePerGasWei: attempt.maxPriorityFeePerGasWei,
  sends: attempt.sends,
  firstSentAt: attempt.firstSentAt,
  lastSentAt: attempt.lastSentAt,
  lastAnswer: attempt.lastAnswer,
  createdAt: attempt.createdAt,
};

export type AttemptSummary = Pick<Attempt, keyof typeof ATTEMPT_COLUMNS>;

/** A slot with its attempts in the order in which they were signed, but without their raw bytes. */
export type SlotSummary = NonceSlot & { readonly attempts: readonly AttemptSummary[] };

export type AllocationSummary = Awaited<ReturnType<typeof readAllocations>>[number];

/** Reads the nonce slots of a payout in the order in which they were taken, each with its attempts. */
export async function readSlots(db: Reader, payoutId: string): Promise<readonly SlotSummary[]> {
  const rows = await db
    .select({ slot: nonceSlot, attempt: ATTEMPT_COLUMNS })
    .from(nonceSlot)
    .leftJoin(
      attempt,
      sql`${attempt.chainId} = ${nonceSlot.chainId} AND ${attempt.wallet} = ${nonceSlot.wallet}
        AND ${attempt.nonce} = ${nonceSlot.nonce}`,
    )
    .where(eq(nonceSlot.payoutId, payoutId))
    .orderBy(asc(nonceSlot.createdAt), asc(nonceSlot.nonce), asc(attempt.n));
  const slots = new Map<string, NonceSlot & { attempts: AttemptSummary[] }>();
  for (const row of rows) {
    const key = `${row.slot.chainId}/${row.slot.wallet}/${row.slot.nonce}`;
    const slot = slots.get(key) ?? { ...row.slot, attempts: [] };
    slots.set(key, slot);
    if (row.attempt !== null) slot.attempts.push(row.attempt);
  }
  return [...slots.values()];
}

/** Reads how the payout's amount is divided over the payee's worker rows. */
export async function readAllocations(db: Reader, payoutId: string) {
  return db
    .select({
      remoteWorkerId: payoutAllocation.remoteWorkerId,
      nodeType: remoteWorker.nodeType,
      region: remoteWorker.region,
      amountWei: payoutAllocation.amountWei,
    })
    .from(payoutAllocation)
    .innerJoin(remoteWorker, eq(remoteWorker.id, payoutAllocation.remoteWorkerId))
    .where(eq(payoutAllocation.payoutId, payoutId))
    .orderBy(asc(payoutAllocation.remoteWorkerId));
}
