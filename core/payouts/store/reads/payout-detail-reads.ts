/** What belongs to one payout: the nonces taken for it, the bytes signed, the rows it settles. */
import { asc, eq, sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { Reader } from '../../../db/database.js';
import { remoteWorker } from '../../../ledger/store/tables.js';
import { attempt, nonceSlot, payoutAllocation, type SlotState } from '../tables.js';

export interface AttemptSummary {
  readonly hash: string;
  readonly n: number;
  readonly gasLimit: bigint;
  readonly maxFeePerGasWei: bigint;
  readonly maxPriorityFeePerGasWei: bigint;
  readonly sends: number;
  readonly firstSentAt: Date | null;
  readonly lastSentAt: Date | null;
  readonly lastAnswer: string | null;
  readonly createdAt: Date;
}

export interface SlotSummary {
  readonly chainId: number;
  readonly wallet: Address;
  readonly nonce: number;
  readonly state: SlotState;
  readonly minedHash: string | null;
  readonly blockNumber: number | null;
  readonly gasUsed: bigint | null;
  readonly gasPriceWei: bigint | null;
  readonly createdAt: Date;
  readonly closedAt: Date | null;
  /** In the order in which they were signed; never their raw bytes. */
  readonly attempts: readonly AttemptSummary[];
}

export interface AllocationSummary {
  readonly remoteWorkerId: number;
  readonly nodeType: string;
  readonly region: string;
  readonly amountWei: bigint;
}

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

/** The nonce slots of a payout in the order in which they were taken, each with its attempts. */
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
  const slots = new Map<string, SlotSummary & { attempts: AttemptSummary[] }>();
  for (const row of rows) {
    const key = `${row.slot.chainId}/${row.slot.wallet}/${row.slot.nonce}`;
    const slot = slots.get(key) ?? { ...row.slot, attempts: [] };
    slots.set(key, slot);
    if (row.attempt !== null) slot.attempts.push(row.attempt);
  }
  return [...slots.values()];
}

/** How the payout's amount is split over the payee's worker rows. */
export async function readAllocations(
  db: Reader,
  payoutId: string,
): Promise<readonly AllocationSummary[]> {
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
