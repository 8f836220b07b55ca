/** Chain against ledger: the ledger's side of it, and what came out. */
import { sql } from 'drizzle-orm';
import type { Address } from '../../base/address.js';
import type { Database, Reader } from '../../db/database.js';
import { toDate } from '../../db/paging.js';
import { query } from '../../db/query.js';
import type { SlotState } from '../../payouts/store/tables.js';
import type { WalletKey } from '../../payouts/store/wallet/wallets.js';
import type { Discrepancy, LedgerRecord } from '../rules/discrepancies.js';

/** Where an interval begins: a block, the wallet's count after it, and its balance. */
export interface ReconciliationStart {
  readonly block: number;
  readonly nonce: number;
  readonly balanceWei: bigint;
  /** Nonces below were accepted with the wallet, also those that were mined after it was opened. */
  readonly openingNonce: number;
  /** True before the first interval that added up. */
  readonly isOpening: boolean;
}

/** The end of the last interval that added up, or the wallet's opening. */
export async function reconciliationStart(
  reader: Reader,
  key: WalletKey,
  options: { readonly fromOpening: boolean },
): Promise<ReconciliationStart | undefined> {
  const [row] = await query<{
    block: string;
    nonce: string;
    balance: string;
    opening_nonce: string;
    opening: boolean;
  }>(
    reader,
    sql`SELECT wallet.opening_nonce, coalesce(done.to_block, wallet.opening_block) AS block,
               coalesce(done.to_nonce, wallet.opening_nonce) AS nonce,
               coalesce(done.balance_wei, wallet.opening_balance_wei) AS balance,
               done.id IS NULL AS opening
          FROM wallet LEFT JOIN LATERAL (
               SELECT * FROM reconciliation
                WHERE reconciliation.chain_id = wallet.chain_id
                  AND reconciliation.wallet = wallet.address AND ok AND NOT ${options.fromOpening}
                ORDER BY id DESC LIMIT 1) done ON true
         WHERE wallet.chain_id = ${key.chainId} AND wallet.address = ${key.address}`,
  );
  return (
    row && {
      block: Number(row.block),
      nonce: Number(row.nonce),
      balanceWei: BigInt(row.balance),
      openingNonce: Number(row.opening_nonce),
      isOpening: row.opening,
    }
  );
}

/** What the ledger knows of these nonces, from `from` on and below `below`. */
export async function ledgerRecords(
  reader: Reader,
  key: WalletKey,
  nonces: { readonly from: number; readonly below: number },
): Promise<ReadonlyMap<number, LedgerRecord>> {
  const rows = await query<RecordRow>(
    reader,
    sql`SELECT coalesce(slot.nonce, other.nonce) AS nonce, slot.state, slot.payout_id, slot.mined_hash,
               payout.destination, payout.amount_wei, other.hash AS foreign_hash
          FROM (SELECT * FROM nonce_slot
                 WHERE chain_id = ${key.chainId} AND wallet = ${key.address}
                   AND nonce >= ${nonces.from} AND nonce < ${nonces.below}) slot
          JOIN payout ON payout.id = slot.payout_id
          FULL JOIN (SELECT * FROM foreign_transaction
                      WHERE chain_id = ${key.chainId} AND sender = ${key.address}
                        AND nonce >= ${nonces.from} AND nonce < ${nonces.below}) other
            ON other.nonce = slot.nonce`,
  );
  return new Map(rows.map((row) => [Number(row.nonce), toRecord(row)]));
}

/** Nonces from here on that the ledger calls mined by this block, although the chain has not used them. */
export async function minedBeyond(
  reader: Reader,
  key: WalletKey,
  end: { readonly nonce: number; readonly block: number },
): Promise<readonly number[]> {
  const rows = await query<{ nonce: string }>(
    reader,
    sql`SELECT nonce FROM nonce_slot
         WHERE chain_id = ${key.chainId} AND wallet = ${key.address} AND nonce >= ${end.nonce}
           AND state IN ('mined', 'failed') AND block_number <= ${end.block} ORDER BY nonce LIMIT 100`,
  );
  return rows.map(({ nonce }) => Number(nonce));
}

interface RecordRow {
  readonly nonce: string;
  readonly state: SlotState | null;
  readonly payout_id: string;
  readonly mined_hash: string | null;
  readonly destination: Address;
  readonly amount_wei: string;
  readonly foreign_hash: string | null;
}

function toRecord(row: RecordRow): LedgerRecord {
  const slot = row.state && {
    state: row.state,
    payoutId: row.payout_id,
    destination: row.destination,
    amountWei: BigInt(row.amount_wei),
    minedHash: row.mined_hash,
  };
  return { nonce: Number(row.nonce), slot, foreignHash: row.foreign_hash };
}

export interface Reconciliation {
  readonly fromBlock: number;
  readonly toBlock: number;
  readonly fromNonce: number;
  readonly toNonce: number;
  readonly openingWei: bigint;
  readonly balanceWei: bigint;
  readonly inWei: bigint;
  readonly outWei: bigint;
  readonly gasWei: bigint;
  readonly findings: readonly Discrepancy[];
}

/** Keeps what came out; an interval that did not add up is begun again by the next one. */
export async function keepReconciliation(
  db: Database,
  key: WalletKey,
  result: Reconciliation,
): Promise<void> {
  await db.execute(sql`
    INSERT INTO reconciliation (chain_id, wallet, from_block, to_block, from_nonce, to_nonce,
           opening_balance_wei, balance_wei, in_wei, out_wei, gas_wei, findings, ok)
    VALUES (${key.chainId}, ${key.address}, ${result.fromBlock}, ${result.toBlock},
            ${result.fromNonce}, ${result.toNonce}, ${result.openingWei.toString()},
            ${result.balanceWei.toString()}, ${result.inWei.toString()}, ${result.outWei.toString()},
            ${result.gasWei.toString()}, ${JSON.stringify(result.findings)}::jsonb,
            ${result.findings.length === 0})`);
}

export interface KeptReconciliation extends Reconciliation {
  readonly id: string;
  readonly at: Date;
  readonly ok: boolean;
}

/** The newest results first. */
export async function listReconciliations(
  reader: Reader,
  key: WalletKey,
  limit: number,
): Promise<readonly KeptReconciliation[]> {
  const rows = await query<{ [column: string]: string } & { findings: Discrepancy[]; ok: boolean }>(
    reader,
    sql`SELECT * FROM reconciliation
         WHERE chain_id = ${key.chainId} AND wallet = ${key.address} ORDER BY id DESC LIMIT ${limit}`,
  );
  return rows.map((row) => ({
    id: row['id'] ?? '',
    at: toDate(row['created_at'] ?? ''),
    ok: row.ok,
    fromBlock: Number(row['from_block']),
    toBlock: Number(row['to_block']),
    fromNonce: Number(row['from_nonce']),
    toNonce: Number(row['to_nonce']),
    openingWei: BigInt(row['opening_balance_wei'] ?? '0'),
    balanceWei: BigInt(row['balance_wei'] ?? '0'),
    inWei: BigInt(row['in_wei'] ?? '0'),
    outWei: BigInt(row['out_wei'] ?? '0'),
    gasWei: BigInt(row['gas_wei'] ?? '0'),
    findings: row.findings,
  }));
}
