import { sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { GasFees } from '../../../chain/rules/gas-fees.js';
import type { Database, Transaction } from '../../../db/database.js';
import { fields, list, rows } from '../../../db/query.js';
import { transact } from '../../../db/transact.js';
import { payee } from '../../../ledger/store/tables.js';
import type { Wait } from '../../rules/payout.js';
import { limitWait, type PayoutLimits } from '../../rules/payout-limits.js';
import { payeeIsWallet, walletEmpty } from '../../rules/waits.js';
import { readDayUse } from '../day-use.js';
import { movePayouts } from '../payout-moves.js';
import { attempt, type Payout, payout } from '../tables.js';
import {
  isSame,
  isWalletOfLedger,
  namingToCompare,
  payingWallet,
  type WalletKey,
} from '../wallet/paying-wallet.js';
import { type Halt, lockWallet, type Wallet } from '../wallet/wallets.js';
import { LATEST_ATTEMPT } from './attempts.js';

/** A transfer that has to be signed exactly like this. */
interface TransferOrder extends GasFees {
  readonly payoutId: string;
  readonly chainId: number;
  readonly nonce: number;
  readonly to: Address;
  readonly valueWei: bigint;
  readonly gasLimit: bigint;
}

/**
 * Signs one transfer. All orders of a transaction are signed at the same time while the wallets' rows are locked, so
 * it must give up within seconds. Each call may return different bytes: only stored bytes are ever sent.
 */
export type SignTransfer = (
  order: TransferOrder,
) => Promise<{ readonly raw: Uint8Array; readonly hash: string }>;

export interface SlotOrder {
  readonly payoutId: string;
  readonly gasLimit: bigint;
  /** What the transfer's gas would cost now. */
  readonly gasCostWei: bigint;
}

export interface AllocationRequest {
  readonly wallet: WalletKey;
  readonly orders: readonly SlotOrder[];
  readonly limits: PayoutLimits;
  readonly fees: GasFees;
  /** How many nonces the chain counts as consumed, read before the call. */
  readonly chainNonce: number;
  /** The same count including transactions in the endpoints' pools, because an older backup may not know of them. */
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
  /** This wallet was named to pay, but what the other wallets have sent until then is not known yet. */
  | { readonly kind: 'not-compared' }
  /** The orders were signed, except for the payouts in `refusals`, which have the reasons. */
  | { readonly kind: 'done'; readonly refusals: ReadonlyMap<string, Wait> };

/**
 * Assigns nonces to payouts, and signs and stores their transfers, all in one transaction: a crash leaves everything
 * or nothing, and never a gap between nonces. Payouts that are held, closed or already signed are left out. Limits
 * are checked under the wallets' lock, so two managers together keep within the limit of the day.
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

const SIGNED_FOR = {
  id: payout.id,
  destination: payout.destination,
  amountWei: payout.amountWei,
};

interface AllocatablePayout extends Pick<Payout, keyof typeof SIGNED_FOR> {
  readonly isApproved: boolean;
  readonly isToWallet: boolean;
  readonly burntGasWei: bigint;
}

/**
 * Locks payouts in the order of their ids and returns them oldest first, so that the oldest get what a limit leaves.
 */
async function lockAllocatable(
  tx: Transaction,
  payoutIds: readonly string[],
): Promise<readonly AllocatablePayout[]> {
  const locked = await rows(
    tx,
    {
      ...SIGNED_FOR,
      isApproved: Boolean,
      isToWallet: Boolean,
      burntGasWei: payee.burntGasWei,
      // Read as text, because a Date would cut off the microseconds.
      createdAt: String,
    },
    sql`SELECT ${fields('payout', SIGNED_FOR)}, approved_at IS NOT NULL AS "isApproved",
               ${isWalletOfLedger(sql`destination`)} AS "isToWallet",
               payee.burnt_gas_wei AS "burntGasWei", payout.created_at::text AS "createdAt"
          FROM payout JOIN payee ON payee.address = payout.payee
         WHERE id = ANY(${list(payoutIds)}::uuid[]) AND state = 'reserved' AND held_at IS NULL
         ORDER BY id FOR NO KEY UPDATE OF payout`,
  );
  return locked.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

/** Chooses the payouts that may be signed, and says why the limits or the balance hold back the others. */
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
  const paying = {
    address: request.wallet.address,
    balanceWei: request.balanceWei,
    keepWei: request.keepInWalletWei,
  };
  for (const payout of payouts) {
    const { gasLimit, gasCostWei } = orderOf(request, payout.id);
    const costWei = payout.amountWei + gasLimit * request.fees.maxFeePerGasWei;
    const limit = payout.isToWallet
      ? payeeIsWallet()
      : limitWait({ ...payout, gasCostWei }, request.limits, day);
    const refusal =
      limit ?? (costWei <= leftWei ? undefined : walletEmpty(paying, costWei - leftWei));
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

/** Adds up the highest amount that slots which are not consumed yet may still take from the balance. */
async function promisedByOpenSlots(
  tx: Transaction,
  key: WalletKey,
  fromNonce: number,
): Promise<bigint> {
  const [sum] = await rows(
    tx,
    { promisedWei: payout.amountWei },
    sql`SELECT coalesce(sum(payout.amount_wei + latest.gas_limit * latest.max_fee_per_gas_wei), 0)
                 AS "promisedWei"
          FROM nonce_slot slot
          JOIN payout ON payout.id = slot.payout_id
         CROSS JOIN LATERAL ${LATEST_ATTEMPT}
         WHERE slot.chain_id = ${key.chainId} AND slot.wallet = ${key.address}
           AND slot.state = 'open' AND slot.nonce >= ${fromNonce}`,
  );
  return sum?.promisedWei ?? 0n;
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

/** Signs the transfers and stores their bytes. Only bytes that have a row here may be sent. */
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
  /** The number of the attempt that this one replaces. If it is no longer the latest, another process has already made this bump. */
  readonly replaces: number;
}

/**
 * Signs and stores new bytes with higher fees under an open nonce, for the same destination and amount. Returns true
 * when this call did it.
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
    const [slot] = await rows(
      tx,
      { ...SIGNED_FOR, n: attempt.n },
      sql`SELECT ${fields('payout', SIGNED_FOR)}, attempt.n
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
      payoutId: slot.id,
      chainId: key.chainId,
      nonce: bump.nonce,
      to: slot.destination,
      valueWei: slot.amountWei,
      gasLimit: bump.gasLimit,
      maxFeePerGasWei: bump.maxFeePerGasWei,
      maxPriorityFeePerGasWei: bump.maxPriorityFeePerGasWei,
    };
    const orders = [{ order, n: slot.n + 1 }];
    await insertAttempts(tx, { wallet: key, orders, sign: request.sign });
    return true;
  });
}
