import { sql } from 'drizzle-orm';
import type { Address } from '../domain/address.js';
import type { Fees } from '../domain/fees.js';
import { formatEth } from '../domain/money.js';
import type { Wait } from '../domain/payout.js';
import type { Database, Transaction } from './database.js';
import { list, query } from './query.js';
import { transact } from './transact.js';
import { type Halt, lockWallet, type Wallet, type WalletKey } from './wallet.js';

/** A transfer as the ledger wants it signed. */
interface TransferOrder extends Fees {
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Address;
  readonly valueWei: bigint;
  readonly gasLimit: bigint;
}

/** Signs in memory: it runs while the wallet's row is locked. */
export type SignTransfer = (
  order: TransferOrder,
) => Promise<{ readonly raw: Uint8Array; readonly hash: string }>;

export interface AllocationRequest {
  readonly wallet: WalletKey;
  readonly orders: readonly { readonly payoutId: string; readonly gasLimit: bigint }[];
  readonly fees: Fees;
  /** Nonces that the chain counts as consumed, read before the call. */
  readonly chainNonce: number;
  /** The same with what waits in the pool: bytes that an older backup does not know count too. */
  readonly claimedNonce: number;
  readonly balanceWei: bigint;
  readonly keepInWalletWei: bigint;
  readonly sign: SignTransfer;
}

export type AllocationResult =
  | { readonly kind: 'halted'; readonly halt: Halt }
  | { readonly kind: 'nonce-ahead'; readonly nextNonce: number }
  /** What was not signed although it could have been, and why. */
  | { readonly kind: 'done'; readonly unaffordable: ReadonlyMap<string, Wait> };

/**
 * Gives payouts their nonces: signs and stores, all in one transaction, so that a crash leaves either
 * everything or nothing and never a gap. Payouts that are held, closed or signed already are left.
 */
export async function allocateSlots(
  db: Database,
  request: AllocationRequest,
): Promise<AllocationResult> {
  return transact(db, async (tx) => {
    const wallet = await lockWallet(tx, request.wallet);
    if (wallet.halt !== null) return { kind: 'halted', halt: wallet.halt };
    if (request.claimedNonce > wallet.nextNonce) {
      return { kind: 'nonce-ahead', nextNonce: wallet.nextNonce };
    }
    const payouts = await lockAllocatable(
      tx,
      request.orders.map((order) => order.payoutId),
    );
    const { affordable, unaffordable } = await splitByBalance(tx, request, payouts);
    const first = wallet.nextNonce;
    const transfers = affordable.map((payout, index) => ({
      payoutId: payout.id,
      order: orderFor(request, payout, first + index),
    }));
    await insertSlots(tx, request.wallet, transfers);
    await insertAttempts(tx, {
      wallet: request.wallet,
      orders: transfers.map(({ order }) => ({ order, n: 1 })),
      sign: request.sign,
    });
    await markSigned(tx, wallet, affordable);
    return { kind: 'done', unaffordable };
  });
}

interface AllocatablePayout {
  readonly id: string;
  readonly destination: Address;
  readonly amountWei: bigint;
}

async function lockAllocatable(
  tx: Transaction,
  payoutIds: readonly string[],
): Promise<readonly AllocatablePayout[]> {
  const rows = await query<{ id: string; destination: Address; amount_wei: string }>(
    tx,
    sql`SELECT id, destination, amount_wei FROM payout
         WHERE id = ANY(${list(payoutIds)}::uuid[]) AND state = 'reserved' AND held_at IS NULL
         ORDER BY id FOR NO KEY UPDATE`,
  );
  return rows.map(({ id, destination, amount_wei }) => ({
    id,
    destination,
    amountWei: BigInt(amount_wei),
  }));
}

async function splitByBalance(
  tx: Transaction,
  request: AllocationRequest,
  payouts: readonly AllocatablePayout[],
): Promise<{
  readonly affordable: readonly AllocatablePayout[];
  readonly unaffordable: ReadonlyMap<string, Wait>;
}> {
  const promisedWei = await promisedByOpenSlots(tx, request.wallet, request.chainNonce);
  let leftWei = request.balanceWei - request.keepInWalletWei - promisedWei;
  const affordable: AllocatablePayout[] = [];
  const unaffordable = new Map<string, Wait>();
  for (const payout of payouts) {
    const gasWei = gasLimitOf(request, payout.id) * request.fees.maxFeePerGasWei;
    const costWei = payout.amountWei + gasWei;
    if (costWei <= leftWei) {
      leftWei -= costWei;
      affordable.push(payout);
    } else {
      unaffordable.set(payout.id, walletEmpty(request, costWei - leftWei));
    }
  }
  return { affordable, unaffordable };
}

/** What the slots that are not consumed yet may still take from the balance, at most. */
async function promisedByOpenSlots(
  tx: Transaction,
  key: WalletKey,
  fromNonce: number,
): Promise<bigint> {
  const [row] = await query<{ promised: string }>(
    tx,
    sql`SELECT coalesce(sum(payout.amount_wei + latest.cost), 0) AS promised
          FROM nonce_slot slot
          JOIN payout ON payout.id = slot.payout_id
         CROSS JOIN LATERAL (
               SELECT gas_limit * max_fee_per_gas_wei AS cost FROM attempt
                WHERE chain_id = slot.chain_id AND wallet = slot.wallet AND nonce = slot.nonce
                ORDER BY n DESC LIMIT 1) latest
         WHERE slot.chain_id = ${key.chainId} AND slot.wallet = ${key.address}
           AND slot.state = 'open' AND slot.nonce >= ${fromNonce}`,
  );
  return BigInt(row?.promised ?? '0');
}

function walletEmpty(request: AllocationRequest, missingWei: bigint): Wait {
  const reason =
    `wallet ${request.wallet.address} holds ${formatEth(request.balanceWei)} ETH, ` +
    `${formatEth(missingWei)} ETH too little for this payout with its gas, what is under way and ` +
    `the ${formatEth(request.keepInWalletWei)} ETH to keep: top it up`;
  return { code: 'WALLET_EMPTY', reason };
}

function gasLimitOf(request: AllocationRequest, payoutId: string): bigint {
  const order = request.orders.find((candidate) => candidate.payoutId === payoutId);
  if (order === undefined) throw new Error(`payout ${payoutId} was not asked for`);
  return order.gasLimit;
}

function orderFor(
  request: AllocationRequest,
  payout: AllocatablePayout,
  nonce: number,
): TransferOrder {
  return {
    ...request.fees,
    chainId: request.wallet.chainId,
    nonce,
    to: payout.destination,
    valueWei: payout.amountWei,
    gasLimit: gasLimitOf(request, payout.id),
  };
}

async function insertSlots(
  tx: Transaction,
  key: WalletKey,
  transfers: readonly { readonly payoutId: string; readonly order: TransferOrder }[],
): Promise<void> {
  if (transfers.length === 0) return;
  await tx.execute(sql`
    INSERT INTO nonce_slot (chain_id, wallet, nonce, payout_id)
    SELECT ${key.chainId}, ${key.address}, nonce, payout_id
      FROM unnest(${list(transfers.map(({ order }) => order.nonce))}::bigint[],
                  ${list(transfers.map(({ payoutId }) => payoutId))}::uuid[]) AS new (nonce, payout_id)`);
}

/** Signs and stores bytes; nothing may be sent that has no row here. */
async function insertAttempts(
  tx: Transaction,
  batch: {
    readonly wallet: WalletKey;
    readonly orders: readonly { readonly order: TransferOrder; readonly n: number }[];
    readonly sign: SignTransfer;
  },
): Promise<void> {
  if (batch.orders.length === 0) return;
  const signed = [];
  for (const { order, n } of batch.orders) signed.push({ order, n, ...(await batch.sign(order)) });
  await tx.execute(sql`
    INSERT INTO attempt (hash, chain_id, wallet, nonce, n, raw, gas_limit, max_fee_per_gas_wei,
                         max_priority_fee_per_gas_wei)
    SELECT hash, ${batch.wallet.chainId}, ${batch.wallet.address}, nonce, n, raw, gas, fee, tip
      FROM unnest(${list(signed.map(({ hash }) => hash))}::text[],
                  ${list(signed.map(({ order }) => order.nonce))}::bigint[],
                  ${list(signed.map(({ n }) => n))}::integer[],
                  ${list(signed.map(({ raw }) => raw))}::bytea[],
                  ${list(signed.map(({ order }) => order.gasLimit))}::bigint[],
                  ${list(signed.map(({ order }) => order.maxFeePerGasWei))}::numeric[],
                  ${list(signed.map(({ order }) => order.maxPriorityFeePerGasWei))}::numeric[])
        AS new (hash, nonce, n, raw, gas, fee, tip)`);
}

async function markSigned(
  tx: Transaction,
  wallet: Wallet,
  payouts: readonly AllocatablePayout[],
): Promise<void> {
  if (payouts.length === 0) return;
  await tx.execute(sql`
    UPDATE payout SET state = 'signed', signed_at = now(), wait_code = NULL, wait_reason = NULL
     WHERE id = ANY(${list(payouts.map((payout) => payout.id))}::uuid[])`);
  await tx.execute(sql`
    UPDATE wallet SET next_nonce = ${wallet.nextNonce + payouts.length}
     WHERE chain_id = ${wallet.chainId} AND address = ${wallet.address}`);
}

export interface Bump extends Fees {
  readonly nonce: number;
  /** The attempt that this one replaces: a second process that wants the same finds it replaced. */
  readonly replaces: number;
}

/**
 * Stores new bytes with higher fees under a nonce that is open: same destination, same amount. True
 * when it was this call that did.
 */
export async function bumpSlot(
  db: Database,
  request: { readonly wallet: WalletKey; readonly bump: Bump; readonly sign: SignTransfer },
): Promise<boolean> {
  const { wallet: key, bump } = request;
  return transact(db, async (tx) => {
    if ((await lockWallet(tx, key)).halt !== null) return false;
    const [slot] = await query<{
      destination: Address;
      amount_wei: string;
      n: number;
      gas_limit: string;
    }>(
      tx,
      sql`SELECT payout.destination, payout.amount_wei, attempt.n, attempt.gas_limit
            FROM nonce_slot slot
            JOIN payout ON payout.id = slot.payout_id
            JOIN attempt ON attempt.chain_id = slot.chain_id AND attempt.wallet = slot.wallet
                        AND attempt.nonce = slot.nonce
           WHERE slot.chain_id = ${key.chainId} AND slot.wallet = ${key.address}
             AND slot.nonce = ${bump.nonce} AND slot.state = 'open'
           ORDER BY attempt.n DESC LIMIT 1 FOR NO KEY UPDATE OF slot`,
    );
    if (slot === undefined || slot.n !== bump.replaces) return false;
    const order: TransferOrder = {
      chainId: key.chainId,
      nonce: bump.nonce,
      to: slot.destination,
      valueWei: BigInt(slot.amount_wei),
      gasLimit: BigInt(slot.gas_limit),
      maxFeePerGasWei: bump.maxFeePerGasWei,
      maxPriorityFeePerGasWei: bump.maxPriorityFeePerGasWei,
    };
    const orders = [{ order, n: slot.n + 1 }];
    await insertAttempts(tx, { wallet: key, orders, sign: request.sign });
    return true;
  });
}
