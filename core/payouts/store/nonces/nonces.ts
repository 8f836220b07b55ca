import { sql } from 'drizzle-orm';
import type { Address } from '../../../base/address.js';
import type { GasFees } from '../../../chain/rules/gas-fees.js';
import type { Signer, UnsignedTransfer } from '../../../chain/signer/signer.js';
import type { Database, Transaction } from '../../../db/database.js';
import { fields, list, rows } from '../../../db/query.js';
import { transact } from '../../../db/transact.js';
import { payee } from '../../../ledger/store/tables.js';
import type { Wait } from '../../rules/payout.js';
import { limitWait, type PayoutLimits } from '../../rules/payout-limits.js';
import {
  PAYEE_IS_WALLET,
  WALLETS_NOT_COMPARED,
  walletEmpty,
  walletHalted,
  walletReplaced,
} from '../../rules/waits.js';
import { readDayUse } from '../payee-standings.js';
import { judgePayouts, RIPE_FOR_MS } from '../payees/payee-verdicts.js';
import { movePayouts } from '../payout-moves.js';
import { attempt, nonceSlot, payout, wallet } from '../tables.js';
import {
  isSame,
  isWallet,
  isWalletOfLedger,
  namingToCompare,
  payingWallet,
  type WalletKey,
} from '../wallet/paying-wallet.js';
import { lockWallet, type Wallet } from '../wallet/wallets.js';
import { LATEST_ATTEMPT } from './attempts.js';

interface TransferOrder extends UnsignedTransfer {
  readonly payoutId: string;
}

/**
 * Signs one transfer exactly as ordered. All orders of a transaction are signed at the same time. Each call may return
 * different bytes: only stored bytes are ever sent.
 */
export type SignTransfer = (order: TransferOrder) => ReturnType<Signer['sign']>;

export interface SlotOrder {
  readonly payoutId: string;
  readonly gasLimit: bigint;
  /** What the transfer's gas would cost now. */
  readonly gasCostWei: bigint;
}

interface AllocationRequest {
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

type AllocationResult =
  /** Nothing was signed: the ledger is halted, or this wallet does not pay or may not yet. */
  | { readonly kind: 'waiting'; readonly wait: Wait }
  | { readonly kind: 'nonce-ahead' }
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
      return { kind: 'waiting', wait: walletReplaced(wallet.address, paying.address) };
    }
    if (wallet.halt !== null) return { kind: 'waiting', wait: walletHalted(wallet.halt.reason) };
    const naming = await namingToCompare(tx, wallet);
    if (naming !== undefined) return { kind: 'waiting', wait: WALLETS_NOT_COMPARED };
    if (request.claimedNonce > wallet.nextNonce) return { kind: 'nonce-ahead' };
    const payouts = await lockAllocatable(tx, request.orders);
    const { affordable, refusals } = await chooseOrders(tx, request, payouts);
    if (affordable.length > 0) await signSlots(tx, wallet, { request, affordable });
    return { kind: 'done', refusals };
  });
}

const SIGNED_FOR = {
  id: payout.id,
  destination: payout.destination,
  amountWei: payout.amountWei,
};

type AllocatablePayout = Awaited<ReturnType<typeof lockAllocatable>>[number];

/**
 * Locks payouts in the order of their ids and returns them oldest first, so that the oldest get what a limit leaves.
 */
async function lockAllocatable(tx: Transaction, orders: readonly SlotOrder[]) {
  const locked = await rows(
    tx,
    {
      ...SIGNED_FOR,
      payee: payout.payee,
      origin: payout.origin,
      overridesRules: payout.overridesRules,
      ripeForMs: Number,
      isApproved: Boolean,
      isToWallet: Boolean,
      burntGasWei: payee.burntGasWei,
      // Read as text, because a Date would cut off the microseconds.
      createdAt: String,
    },
    sql`SELECT ${fields('payout', SIGNED_FOR)}, approved_at IS NOT NULL AS "isApproved",
               payout.payee, origin, overrides_rules AS "overridesRules", ${RIPE_FOR_MS} AS "ripeForMs",
               ${isWalletOfLedger(sql`destination`)} AS "isToWallet",
               payee.burnt_gas_wei AS "burntGasWei", payout.created_at::text AS "createdAt"
          FROM payout JOIN payee ON payee.address = payout.payee
         WHERE id = ANY(${list(orders.map(({ payoutId }) => payoutId))}::uuid[]) AND state = 'reserved' AND held_at IS NULL
         ORDER BY id FOR NO KEY UPDATE OF payout`,
  );
  const judged = await judgePayouts(tx, locked);
  return judged.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

/** Chooses the payouts that may be signed, and says why the limits or the balance hold back the others. */
async function chooseOrders(
  tx: Transaction,
  request: AllocationRequest,
  payouts: readonly AllocatablePayout[],
) {
  const affordable: (AllocatablePayout & SlotOrder)[] = [];
  const refusals = new Map<string, Wait>();
  if (payouts.length === 0) return { affordable, refusals };
  const promisedWei = await promisedByOpenSlots(tx, request.wallet, request.chainNonce);
  let leftWei = request.balanceWei - request.keepInWalletWei - promisedWei;
  let day = await readDayUse(tx);
  const orders = new Map(request.orders.map((order) => [order.payoutId, order]));
  const paying = {
    address: request.wallet.address,
    balanceWei: request.balanceWei,
    keepWei: request.keepInWalletWei,
  };
  for (const payout of payouts) {
    const order = orders.get(payout.id);
    if (order === undefined) throw new Error(`payout ${payout.id} was not asked for`);
    const costWei = payout.amountWei + order.gasLimit * request.fees.maxFeePerGasWei;
    const limit = payout.isToWallet
      ? PAYEE_IS_WALLET
      : (payout.refusal ??
        limitWait({ ...payout, gasCostWei: order.gasCostWei }, request.limits, day));
    const refusal =
      limit ?? (costWei <= leftWei ? undefined : walletEmpty(paying, costWei - leftWei));
    if (refusal !== undefined) {
      refusals.set(payout.id, refusal);
      continue;
    }
    leftWei -= costWei;
    day = { ...day, usedWei: day.usedWei + payout.amountWei };
    affordable.push({ ...payout, ...order });
  }
  return { affordable, refusals };
}

/** Adds up the highest amount that slots which are not consumed yet may still take from the balance. */
async function promisedByOpenSlots(
  tx: Transaction,
  key: WalletKey,
  fromNonce: number,
): Promise<bigint> {
  const statement = sql`
    SELECT coalesce(sum(payout.amount_wei + latest.gas_limit * latest.max_fee_per_gas_wei), 0)
             AS "promisedWei"
      FROM nonce_slot slot
      JOIN payout ON payout.id = slot.payout_id
     CROSS JOIN LATERAL ${LATEST_ATTEMPT}
     WHERE slot.chain_id = ${key.chainId} AND slot.wallet = ${key.address}
       AND slot.state = 'open' AND slot.nonce >= ${fromNonce}`;
  const [sum] = await rows(tx, { promisedWei: payout.amountWei }, statement);
  return sum?.promisedWei ?? 0n;
}

/** Takes the next nonces for these payouts, and signs and stores their transfers. */
async function signSlots(
  tx: Transaction,
  { chainId, address, nextNonce }: Wallet,
  chosen: {
    readonly request: AllocationRequest;
    readonly affordable: readonly (AllocatablePayout & SlotOrder)[];
  },
): Promise<void> {
  const { request, affordable } = chosen;
  const orders = affordable.map(({ payoutId, destination, amountWei, gasLimit }, index) => ({
    ...request.fees,
    payoutId,
    chainId,
    nonce: nextNonce + index,
    to: destination,
    valueWei: amountWei,
    gasLimit,
  }));
  await tx.insert(nonceSlot).values(orders.map((order) => ({ ...order, wallet: address })));
  await insertAttempts(tx, orders, { wallet: address, n: 1, sign: request.sign });
  const payoutIds = orders.map(({ payoutId }) => payoutId);
  await movePayouts(tx, 'sign', payoutIds);
  await tx
    .update(wallet)
    .set({ nextNonce: nextNonce + orders.length })
    .where(isWallet({ chainId, address }));
}

/** Signs the transfers and stores their bytes as the attempts number `n`. Only bytes that have a row here may be sent. */
async function insertAttempts(
  tx: Transaction,
  orders: readonly TransferOrder[],
  as: { readonly wallet: Address; readonly n: number; readonly sign: SignTransfer },
): Promise<void> {
  const { wallet, n, sign } = as;
  const signed = await Promise.all(
    orders.map(async (order) => {
      const { raw, hash } = await sign(order);
      return { ...order, wallet, n, hash, raw: Buffer.from(raw) };
    }),
  );
  await tx.insert(attempt).values(signed);
}

interface Bump extends GasFees {
  readonly nonce: number;
  readonly gasLimit: bigint;
  /** The number of the latest attempt; if another one is, another process has already made this bump. */
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
    const statement = sql`
      SELECT ${fields('payout', SIGNED_FOR)}, attempt.n
        FROM nonce_slot slot
        JOIN payout ON payout.id = slot.payout_id
        JOIN attempt ON attempt.chain_id = slot.chain_id AND attempt.wallet = slot.wallet
                    AND attempt.nonce = slot.nonce
       WHERE slot.chain_id = ${key.chainId} AND slot.wallet = ${key.address}
         AND slot.nonce = ${bump.nonce} AND slot.state = 'open'
       ORDER BY attempt.n DESC LIMIT 1 FOR NO KEY UPDATE OF slot`;
    const [slot] = await rows(tx, { ...SIGNED_FOR, n: attempt.n }, statement);
    const { replaces, ...signedFor } = bump;
    if (slot?.n !== replaces) return false;
    const { id: payoutId, destination: to, amountWei: valueWei } = slot;
    const order = { ...signedFor, payoutId, chainId: key.chainId, to, valueWei };
    const as = { wallet: key.address, n: replaces + 1, sign: request.sign };
    await insertAttempts(tx, [order], as);
    return true;
  });
}
