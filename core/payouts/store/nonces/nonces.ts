import { sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import { ethAndWei } from '../../../base/money.js';
import type { GasFees } from '../../../chain/rules/gas-fees.js';
import type { Database, Transaction } from '../../../db/database.js';
import { list, query } from '../../../db/query.js';
import { transact } from '../../../db/transact.js';
import type { Wait } from '../../rules/payout.js';
import { limitWait, type PayoutLimits } from '../../rules/payout-limits.js';
import { payeeIsWallet } from '../../rules/waits.js';
import { readDayUse } from '../payout-limits.js';
import { movePayouts } from '../payout-moves.js';
import {
  isSame,
  isWalletOfLedger,
  namingToCompare,
  payingWallet,
} from '../wallet/paying-wallet.js';
import { type Halt, lockWallet, type Wallet, type WalletKey } from '../wallet/wallets.js';

/** A transfer as the ledger wants it signed. */
interface TransferOrder extends GasFees {
  readonly payoutId: string;
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Address;
  readonly valueWei: bigint;
  readonly gasLimit: bigint;
}

/**
 * Runs while the wallet's row is locked, for all orders of a transaction at the same time: it must give up
 * within seconds. What it gives may differ from call to call; what is not stored is never sent.
 */
export type SignTransfer = (
  order: TransferOrder,
) => Promise<{ readonly raw: Uint8Array; readonly hash: string }>;

export interface SlotOrder {
  readonly payoutId: string;
  readonly gasLimit: bigint;
  /** What its gas would cost now. */
  readonly gasCostWei: bigint;
}

export interface AllocationRequest {
  readonly wallet: WalletKey;
  readonly orders: readonly SlotOrder[];
  readonly limits: PayoutLimits;
  readonly fees: GasFees;
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
  /** Another wallet pays for this ledger by now. */
  | { readonly kind: 'replaced'; readonly by: Address }
  /** It was named to pay, and what the others have sent until then is not known yet. */
  | { readonly kind: 'not-compared' }
  /** What was not signed although it could have been, and why. */
  | { readonly kind: 'done'; readonly refusals: ReadonlyMap<string, Wait> };

/**
 * Gives payouts their nonces: signs and stores, all in one transaction, so that a crash leaves either
 * everything or nothing and never a gap. Payouts that are held, closed or signed already are left, and
 * so are those that a limit holds back: whoever signs holds the wallet's lock, so that two managers
 * together keep within the limit of the day.
 */
export async function allocateSlots(
  db: Database,
  request: AllocationRequest,
): Promise<AllocationResult> {
  return transact(db, async (tx) => {
    const wallet = await lockWallet(tx, request.wallet);
    const paying = await payingWallet(tx);
    if (paying !== undefined && !isSame(paying, wallet)) {
      return { kind: 'replaced', by: paying.address };
    }
    if (wallet.halt !== null) return { kind: 'halted', halt: wallet.halt };
    if ((await namingToCompare(tx, wallet)) !== undefined) return { kind: 'not-compared' };
    if (request.claimedNonce > wallet.nextNonce) {
      return { kind: 'nonce-ahead', nextNonce: wallet.nextNonce };
    }
    const payouts = await lockAllocatable(
      tx,
      request.orders.map((order) => order.payoutId),
    );
    const { affordable, refusals } = await chooseOrders(tx, request, payouts);
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
    return { kind: 'done', refusals };
  });
}

interface AllocatablePayout {
  readonly id: string;
  readonly destination: Address;
  readonly amountWei: bigint;
  readonly isApproved: boolean;
  readonly isToWallet: boolean;
  readonly burntGasWei: bigint;
  readonly createdAt: string;
}

/** Locked in the order of their ids, given oldest first: who has waited longest is the first below a limit. */
async function lockAllocatable(
  tx: Transaction,
  payoutIds: readonly string[],
): Promise<readonly AllocatablePayout[]> {
  const rows = await query<{
    id: string;
    destination: Address;
    amount_wei: string;
    approved: boolean;
    to_wallet: boolean;
    burnt: string;
    created_at: string;
  }>(
    tx,
    sql`SELECT id, destination, amount_wei, approved_at IS NOT NULL AS approved,
               ${isWalletOfLedger(sql`destination`)} AS to_wallet,
               payee.burnt_gas_wei AS burnt, payout.created_at::text
          FROM payout JOIN payee ON payee.address = payout.payee
         WHERE id = ANY(${list(payoutIds)}::uuid[]) AND state = 'reserved' AND held_at IS NULL
         ORDER BY id FOR NO KEY UPDATE OF payout`,
  );
  return rows
    .map(({ id, destination, amount_wei, approved, to_wallet, burnt, created_at }) => ({
      id,
      destination,
      amountWei: BigInt(amount_wei),
      isApproved: approved,
      isToWallet: to_wallet,
      burntGasWei: BigInt(burnt),
      createdAt: created_at,
    }))
    .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

/** Parts what may be signed from what a limit or the balance holds back. */
async function chooseOrders(
  tx: Transaction,
  request: AllocationRequest,
  payouts: readonly AllocatablePayout[],
): Promise<{
  readonly affordable: readonly AllocatablePayout[];
  readonly refusals: ReadonlyMap<string, Wait>;
}> {
  const affordable: AllocatablePayout[] = [];
  const refusals = new Map<string, Wait>();
  if (payouts.length === 0) return { affordable, refusals };
  const promisedWei = await promisedByOpenSlots(tx, request.wallet, request.chainNonce);
  let leftWei = request.balanceWei - request.keepInWalletWei - promisedWei;
  let day = await readDayUse(tx);
  for (const payout of payouts) {
    const { gasLimit, gasCostWei } = orderOf(request, payout.id);
    const costWei = payout.amountWei + gasLimit * request.fees.maxFeePerGasWei;
    const limit = payout.isToWallet
      ? payeeIsWallet()
      : limitWait({ ...payout, gasCostWei }, request.limits, day);
    const refusal =
      limit ?? (costWei <= leftWei ? undefined : walletEmpty(request, costWei - leftWei));
    if (refusal !== undefined) {
      refusals.set(payout.id, refusal);
      continue;
    }
    leftWei -= costWei;
    day = { ...day, usedWei: day.usedWei + payout.amountWei };
    affordable.push(payout);
  }
  return { affordable, refusals };
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
    `wallet ${request.wallet.address} holds ${ethAndWei(request.balanceWei)}, ` +
    `${ethAndWei(missingWei)} too little for this payout with its gas, what is under way and ` +
    `the ${ethAndWei(request.keepInWalletWei)} to keep: top it up`;
  return { code: 'WALLET_EMPTY', reason };
}

function orderOf(request: AllocationRequest, payoutId: string): SlotOrder {
  const order = request.orders.find((candidate) => candidate.payoutId === payoutId);
  if (order === undefined) throw new Error(`payout ${payoutId} was not asked for`);
  return order;
}

function orderFor(
  request: AllocationRequest,
  payout: AllocatablePayout,
  nonce: number,
): TransferOrder {
  return {
    ...request.fees,
    payoutId: payout.id,
    chainId: request.wallet.chainId,
    nonce,
    to: payout.destination,
    valueWei: payout.amountWei,
    gasLimit: orderOf(request, payout.id).gasLimit,
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
  const signed = await Promise.all(
    batch.orders.map(async ({ order, n }) => ({ order, n, ...(await batch.sign(order)) })),
  );
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
  await movePayouts(
    tx,
    'sign',
    payouts.map((payout) => payout.id),
  );
  await tx.execute(sql`
    UPDATE wallet SET next_nonce = ${wallet.nextNonce + payouts.length}
     WHERE chain_id = ${wallet.chainId} AND address = ${wallet.address}`);
}

export interface Bump extends GasFees {
  readonly nonce: number;
  readonly gasLimit: bigint;
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
    const paying = await payingWallet(tx);
    if (paying === undefined || !isSame(paying, key)) return false;
    const [slot] = await query<{
      payout_id: string;
      destination: Address;
      amount_wei: string;
      n: number;
    }>(
      tx,
      sql`SELECT slot.payout_id, payout.destination, payout.amount_wei, attempt.n
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
      payoutId: slot.payout_id,
      chainId: key.chainId,
      nonce: bump.nonce,
      to: slot.destination,
      valueWei: BigInt(slot.amount_wei),
      gasLimit: bump.gasLimit,
      maxFeePerGasWei: bump.maxFeePerGasWei,
      maxPriorityFeePerGasWei: bump.maxPriorityFeePerGasWei,
    };
    const orders = [{ order, n: slot.n + 1 }];
    await insertAttempts(tx, { wallet: key, orders, sign: request.sign });
    return true;
  });
}
