import { sql } from 'drizzle-orm';
import type { Address } from '../domain/address.js';
import { PoolError } from '../domain/pool-error.js';
import { type Decision, MANAGER, recordDecision } from './audit-log.js';
import type { Database, Reader, Transaction } from './database.js';
import { query } from './query.js';
import { transact } from './transact.js';

/** Halted by `pool.payoutsEnabled: false`, and let go by the same switch. */
export const SWITCHED_OFF = 'PAYOUTS_SWITCHED_OFF';

/** Which wallet: one key on one chain. */
export interface WalletKey {
  readonly chainId: number;
  readonly address: Address;
}

export interface Halt {
  readonly code: string;
  readonly reason: string;
}

export interface Wallet extends WalletKey {
  readonly nextNonce: number;
  readonly halt: Halt | null;
}

/** What the chain said when the ledger first met the wallet. */
export interface WalletOpening {
  readonly nonce: number;
  readonly block: number;
  readonly balanceWei: bigint;
}

interface WalletRow {
  readonly next_nonce: string;
  readonly halt_code: string | null;
  readonly halt_reason: string | null;
}

/** The wallet, or undefined before it was opened. */
export async function findWallet(reader: Reader, key: WalletKey): Promise<Wallet | undefined> {
  const [row] = await query<WalletRow>(
    reader,
    sql`SELECT next_nonce, halt_code, halt_reason FROM wallet
         WHERE chain_id = ${key.chainId} AND address = ${key.address}`,
  );
  return row && toWallet(key, row);
}

/** Locks the wallet for this transaction: whoever hands out nonces stands in line here. */
export async function lockWallet(tx: Transaction, key: WalletKey): Promise<Wallet> {
  const [row] = await query<WalletRow>(
    tx,
    sql`SELECT next_nonce, halt_code, halt_reason FROM wallet
         WHERE chain_id = ${key.chainId} AND address = ${key.address} FOR NO KEY UPDATE`,
  );
  if (row === undefined) {
    throw new PoolError('WALLET_UNKNOWN', `the wallet ${key.address} has not been opened yet`);
  }
  return toWallet(key, row);
}

/** Writes down a wallet that the ledger meets for the first time, or finds the one it knows. */
export async function openWalletRow(
  db: Database,
  key: WalletKey,
  first: { readonly opening: WalletOpening; readonly halt: Halt | null },
): Promise<Wallet> {
  return transact(db, async (tx) => {
    const { opening } = first;
    const inserted = await query(
      tx,
      sql`INSERT INTO wallet (chain_id, address, next_nonce, opening_nonce, opening_block, opening_balance_wei)
          VALUES (${key.chainId}, ${key.address}, ${opening.nonce}, ${opening.nonce},
                  ${opening.block}, ${opening.balanceWei.toString()})
          ON CONFLICT DO NOTHING RETURNING 1`,
    );
    if (inserted.length > 0 && first.halt !== null) await halt(tx, key, first.halt);
    return lockWallet(tx, key);
  });
}

/** Takes a wallet that was used before as it is: what it sent until now paid nothing of this ledger. */
export async function acceptUsedWallet(
  db: Database,
  key: WalletKey,
  opening: WalletOpening,
): Promise<void> {
  await transact(db, async (tx) => {
    await lockWallet(tx, key);
    await tx.execute(sql`
      UPDATE wallet SET next_nonce = ${opening.nonce}, opening_nonce = ${opening.nonce},
             opening_block = ${opening.block}, opening_balance_wei = ${opening.balanceWei.toString()},
             halted_at = NULL, halt_code = NULL, halt_reason = NULL
       WHERE chain_id = ${key.chainId} AND address = ${key.address}
         AND halt_code = 'WALLET_USED_BEFORE'
         AND NOT EXISTS (SELECT FROM nonce_slot WHERE chain_id = ${key.chainId} AND wallet = ${key.address})`);
    await recordDecision(tx, {
      actor: MANAGER,
      action: 'wallet.first-use',
      subject: key.address,
      reason: `wallet.acceptedTransactions is ${opening.nonce}`,
    });
  });
}

/** Stops everything that this wallet would sign or send. False when it was halted already. */
export async function haltWallet(
  db: Database,
  key: WalletKey,
  why: Halt & { readonly actor?: string },
): Promise<boolean> {
  return transact(db, async (tx) => {
    const wallet = await lockWallet(tx, key);
    if (wallet.halt !== null && !outweighs(why.code, wallet.halt.code)) return false;
    await halt(tx, key, why);
    return true;
  });
}

/** The mildest first: what the configuration or a person ends must not hide what the manager found. */
const MILDER_HALTS = [SWITCHED_OFF, 'WALLET_USED_BEFORE', 'HALTED_BY_OPERATOR'];

function outweighs(code: string, standing: string): boolean {
  return weightOf(code) > weightOf(standing);
}

function weightOf(code: string): number {
  const rank = MILDER_HALTS.indexOf(code);
  return rank === -1 ? MILDER_HALTS.length : rank;
}

/** Lets a halted wallet go on. False when it was not halted, or not for the one reason that is named. */
export async function resumeWallet(
  db: Database,
  key: WalletKey,
  decision: Decision & { readonly onlyFrom?: string },
): Promise<boolean> {
  const { onlyFrom, ...said } = decision;
  return transact(db, async (tx) => {
    const wallet = await lockWallet(tx, key);
    if (wallet.halt === null) return false;
    if (onlyFrom !== undefined && wallet.halt.code !== onlyFrom) return false;
    await tx.execute(sql`
      UPDATE wallet SET halted_at = NULL, halt_code = NULL, halt_reason = NULL
       WHERE chain_id = ${key.chainId} AND address = ${key.address}`);
    await recordDecision(tx, {
      ...said,
      action: 'wallet.resume',
      subject: key.address,
      detail: { haltCode: wallet.halt.code, haltReason: wallet.halt.reason },
    });
    return true;
  });
}

async function halt(
  tx: Transaction,
  key: WalletKey,
  why: Halt & { readonly actor?: string },
): Promise<void> {
  await tx.execute(sql`
    UPDATE wallet SET halted_at = now(), halt_code = ${why.code}, halt_reason = ${why.reason}
     WHERE chain_id = ${key.chainId} AND address = ${key.address}`);
  await recordDecision(tx, {
    actor: why.actor ?? MANAGER,
    action: 'wallet.halt',
    subject: key.address,
    reason: why.reason,
    detail: { code: why.code },
  });
}

function toWallet(key: WalletKey, row: WalletRow): Wallet {
  const { halt_code: code, halt_reason: reason } = row;
  return {
    ...key,
    nextNonce: Number(row.next_nonce),
    halt: code === null ? null : { code, reason: reason ?? '' },
  };
}
