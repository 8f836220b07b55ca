/** The pool and the chain that this database belongs to: written by the first start, compared by every later process. */
import { isNull, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader } from '../../db/database.js';
import { query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { ledger } from './tables.js';

/** A block of the ledger's own chain. An endpoint that shows another block at this number is on another chain. */
export interface AnchorBlock {
  readonly number: number;
  readonly hash: string;
}

export interface Ledger {
  readonly poolId: string;
  readonly chainId: number;
  /** The block by which endpoints are checked; null until a quorum of endpoints has shown it. */
  readonly anchor: AnchorBlock | null;
  /** True when the database held data of an old version, whose workflows and schedules carry no pool id. */
  readonly isUpgraded: boolean;
}

/** The ledger that a configuration expects. */
export interface LedgerClaim {
  /** The id of the expected pool; null accepts any pool. */
  readonly poolId: string | null;
  readonly chainId: number;
}

/**
 * Reads the identity of this database, or writes it when there is none yet: then a claim without an id gets
 * `newPoolId`. Throws LEDGER_OF_ANOTHER_POOL or LEDGER_OF_ANOTHER_CHAIN when the configuration expects a different one.
 */
export async function openLedger(
  db: Database,
  claim: LedgerClaim & { readonly newPoolId: string },
): Promise<Ledger> {
  return transact(db, async (tx) => {
    const known = await findLedger(tx);
    if (known !== undefined) return compare(known, claim);
    // An old version wrote no ledger row. The chain of its wallets is the ledger's chain.
    const wallets = await query<{ chain: string }>(tx, sql`SELECT chain_id AS chain FROM wallet`);
    for (const { chain } of wallets) refuseOtherChain(Number(chain), claim.chainId);
    const sources = await query(tx, sql`SELECT FROM source LIMIT 1`);
    const upgraded = sources.length > 0 || wallets.length > 0;
    const { poolId, newPoolId, chainId } = claim;
    const first = { poolId: poolId ?? newPoolId, chainId, upgraded };
    await tx.insert(ledger).values(first).onConflictDoNothing();
    // Another process with another configuration may have written its row first.
    return compare(await requireRow(tx), claim);
  });
}

/** Reads the ledger; undefined before the first start. */
export async function findLedger(reader: Reader): Promise<Ledger | undefined> {
  const [row] = await reader.select().from(ledger);
  if (row === undefined) return undefined;
  const { poolId, chainId, anchorBlock, anchorHash, upgraded } = row;
  const anchor =
    anchorBlock === null || anchorHash === null ? null : { number: anchorBlock, hash: anchorHash };
  return { poolId, chainId, anchor, isUpgraded: upgraded };
}

/** Reads the ledger and compares it as `openLedger` does, but throws LEDGER_UNKNOWN when there is none. */
export async function requireLedger(reader: Reader, claim: LedgerClaim): Promise<Ledger> {
  return compare(await requireRow(reader), claim);
}

/** Stores the first block that a quorum of endpoints showed; a later call changes nothing. */
export async function keepAnchor(db: Database, anchor: AnchorBlock): Promise<void> {
  await db
    .update(ledger)
    .set({ anchorBlock: anchor.number, anchorHash: anchor.hash })
    .where(isNull(ledger.anchorHash));
}

/**
 * Reads the pool's id alone, and compares it as `requireLedger` does. Tables of an earlier version, which this program has not
 * brought to its own yet, answer this too. Throws LEDGER_UNKNOWN when there is none.
 */
export async function requirePoolId(reader: Reader, claim: LedgerClaim): Promise<string> {
  const { poolId, chainId } = ledger;
  const [known] = await reader.select({ poolId, chainId }).from(ledger);
  if (known === undefined) throw unknownLedger();
  return compare({ ...known, anchor: null, isUpgraded: false }, claim).poolId;
}

function unknownLedger(): PoolError {
  return new PoolError('LEDGER_UNKNOWN', 'no pool has been started on this database yet');
}

async function requireRow(reader: Reader): Promise<Ledger> {
  const known = await findLedger(reader);
  if (known !== undefined) return known;
  throw unknownLedger();
}

function compare(known: Ledger, claim: LedgerClaim): Ledger {
  refuseOtherChain(known.chainId, claim.chainId);
  if (claim.poolId === null || claim.poolId === known.poolId) return known;
  const words = `the database is the ledger of pool "${known.poolId}", pool.id says "${claim.poolId}"`;
  throw new PoolError('LEDGER_OF_ANOTHER_POOL', words);
}

function refuseOtherChain(known: number, claimed: number): void {
  if (known === claimed) return;
  const words = `the database is a ledger of chain ${known}, chain.id says ${claimed}`;
  throw new PoolError('LEDGER_OF_ANOTHER_CHAIN', words);
}
