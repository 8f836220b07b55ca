/** What this database is the ledger of: written by the first start, compared by every process after it. */
import { sql } from 'drizzle-orm';
import { PoolError } from '../../base/errors/pool-error.js';
import type { Database, Reader, Transaction } from '../../db/database.js';
import { query } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { ledger } from './tables.js';

/** A block of the ledger's own chain: an endpoint that has another one there shows another chain. */
export interface AnchorBlock {
  readonly number: number;
  readonly hash: string;
}

export interface Ledger {
  readonly poolId: string;
  readonly chainId: number;
  /** Null until a quorum of endpoints has shown it. */
  readonly anchor: AnchorBlock | null;
  /** Held data of a version whose workflows and schedules carry no pool id. */
  readonly isUpgraded: boolean;
}

/** What a configuration takes the ledger for. */
export interface LedgerClaim {
  /** Null: whatever pool the ledger belongs to. */
  readonly poolId: string | null;
  readonly chainId: number;
}

export interface FirstClaim extends LedgerClaim {
  /** A new pool's id, when neither the configuration nor the ledger has one. */
  readonly newPoolId: string;
}

/**
 * The ledger of this database, written down when there was none. Throws LEDGER_OF_ANOTHER_POOL or
 * LEDGER_OF_ANOTHER_CHAIN when it is not the one that the configuration speaks of.
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
    // Another process may have been quicker, with another configuration.
    return compare(await requireRow(tx), claim);
  });
}

/** The ledger, or undefined before the first start. */
export async function findLedger(reader: Reader): Promise<Ledger | undefined> {
  const [row] = await reader.select().from(ledger);
  if (row === undefined) return undefined;
  const { poolId, chainId, anchorBlock, anchorHash, upgraded } = row;
  const anchor =
    anchorBlock === null || anchorHash === null ? null : { number: anchorBlock, hash: anchorHash };
  return { poolId, chainId, anchor, isUpgraded: upgraded };
}

/** The ledger as `openLedger` gives it, for those who start nothing: throws LEDGER_UNKNOWN when there is none. */
export async function requireLedger(reader: Reader, claim: LedgerClaim): Promise<Ledger> {
  return compare(await requireRow(reader), claim);
}

/** Keeps the first block that a quorum of endpoints showed; a later one changes nothing. */
export async function keepAnchor(db: Database, anchor: AnchorBlock): Promise<void> {
  await db.execute(sql`
    UPDATE ledger SET anchor_block = ${anchor.number}, anchor_hash = ${anchor.hash}
     WHERE anchor_hash IS NULL`);
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

/** What a version left behind that wrote no ledger row: the wallets tell the chain. */
async function readOlderData(tx: Transaction): Promise<{
  readonly wasUsed: boolean;
  readonly chainIds: readonly number[];
}> {
  const chains = await query<{ chain_id: string }>(
    tx,
    sql`SELECT DISTINCT chain_id FROM wallet ORDER BY chain_id`,
  );
  const sources = await query(tx, sql`SELECT FROM source LIMIT 1`);
  const chainIds = chains.map(({ chain_id }) => Number(chain_id));
  return { wasUsed: sources.length > 0 || chainIds.length > 0, chainIds };
}
