/**
 * The identity of the ledger: the pool and the chain that this database belongs to. The first start writes it, and
 * every later process compares its configuration with it.
 */
import { isNull, sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { query, rows } from '../../db/query.js';
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

export interface FirstClaim extends LedgerClaim {
  /** The id of a new pool, used when neither the configuration nor the ledger has one. */
  readonly newPoolId: string;
}

/**
 * Reads the identity of this database, or writes it when there is none yet. Throws LEDGER_OF_ANOTHER_POOL or
 * LEDGER_OF_ANOTHER_CHAIN when the configuration expects a different one.
 */
export async function openLedger(db: Database, claim: FirstClaim): Promise<Ledger> {
  return transact(db, async (tx) => {
    const known = await findLedger(tx);
    if (known !== undefined) return compare(known, claim);
    const { wasUsed, chainIds } = await readOlderData(tx);
    for (const chainId of chainIds) refuseOtherChain(chainId, claim.chainId);
    const poolId = claim.poolId ?? claim.newPoolId;
    const first = { poolId, chainId: claim.chainId, upgraded: wasUsed };
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

async function requireRow(reader: Reader): Promise<Ledger> {
  const known = await findLedger(reader);
  if (known !== undefined) return known;
  throw new PoolError('LEDGER_UNKNOWN', 'no pool has been started on this database yet');
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

/** Reads what an old version, which wrote no ledger row, left in the database. The chain of its wallets is the ledger's chain. */
async function readOlderData(tx: Transaction): Promise<{
  readonly wasUsed: boolean;
  readonly chainIds: readonly number[];
}> {
  const wallets = await rows(
    tx,
    { chainId: ledger.chainId },
    sql`SELECT DISTINCT chain_id AS "chainId" FROM wallet ORDER BY chain_id`,
  );
  const sources = await query(tx, sql`SELECT FROM source LIMIT 1`);
  const chainIds = wallets.map(({ chainId }) => chainId);
  return { wasUsed: sources.length > 0 || chainIds.length > 0, chainIds };
}
