/**
 * Decides which reserved payouts get a nonce and a signature now, and why the others wait. It takes the cheapest step
 * first: what the ledger alone refuses, what is too expensive at the current fee, the gas estimate of each transfer,
 * the signature.
 */
import { ChainError } from '../../chain/endpoint-error.js';
import { expectedGasCostWei, type GasFees, gasFeesFor } from '../../chain/rules/gas-fees.js';
import type { Wait } from '../rules/payout.js';
import { amountWait, dayWait } from '../rules/payout-limits.js';
import { feeAboveCap, PAYEE_IS_WALLET, rpcUnreachable, walletHalted } from '../rules/waits.js';
import { allocateSlots, type SlotOrder } from '../store/nonces/nonces.js';
import { readDayUse } from '../store/payee-standings.js';
import { judgePayouts, type PayoutVerdict } from '../store/payees/payee-verdicts.js';
import type { PayoutProgress } from '../store/payout-progress.js';
import { findWallet } from '../store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';
import { compareOtherWallets, haltWhenNonceAhead } from '../wallet/nonce-ahead.js';
import { agreedBalance, furthestView, noteBalance, walletViews } from '../wallet/quorum-views.js';
import { withSigner } from './signing.js';
import { estimateTransfers, feeLimits, type GasMemory, gasFor } from './transfer-gas.js';

export interface AllocatingDeps extends MoneyDeps {
  readonly gasMemory: GasMemory;
}

type JudgedPayout = PayoutProgress & PayoutVerdict;

/** Why payouts wait, by payout id. */
export type Waits = ReadonlyMap<string, Wait>;

/**
 * Signs and stores the payouts that it can, and returns why the others were not signed. Payouts that the ledger alone
 * can refuse cause no request to the chain, because thousands may wait for a halt or a limit.
 */
export async function allocate(
  deps: AllocatingDeps,
  reserved: readonly PayoutProgress[],
): Promise<Waits> {
  const waits = new Map<string, Wait>();
  const allowed = await refuseEarly(deps, await judgePayouts(deps.db, reserved), waits);
  try {
    if (allowed.length > 0) await signAllowed(deps, allowed, waits);
  } catch (error) {
    if (!(error instanceof ChainError)) throw error;
    const wait = rpcUnreachable(error.message);
    sift(allowed, waits, ({ payoutId }) => waits.get(payoutId) ?? wait);
  }
  return waits;
}

/** Returns the payouts that do not wait, and stores why the others do. */
function sift(
  payouts: readonly JudgedPayout[],
  waits: Map<string, Wait>,
  waitOf: (payout: JudgedPayout, index: number) => Wait | undefined,
): readonly JudgedPayout[] {
  return payouts.filter((payout, index) => {
    const wait = waitOf(payout, index);
    if (wait !== undefined) waits.set(payout.payoutId, wait);
    return wait === undefined;
  });
}

/** Refuses payouts by the ledger alone. This only saves requests to the chain: everything is decided again under the wallet's lock. */
async function refuseEarly(
  deps: MoneyDeps,
  payouts: readonly JudgedPayout[],
  waits: Map<string, Wait>,
): Promise<readonly JudgedPayout[]> {
  const halt = (await findWallet(deps.db, walletKeyOf(deps)))?.halt;
  if (halt) return sift(payouts, waits, () => walletHalted(halt.reason));
  const day = await readDayUse(deps.db);
  return sift(payouts, waits, ({ payoutId: id, amountWei, isApproved, isToWallet, refusal }) =>
    isToWallet
      ? PAYEE_IS_WALLET
      : (refusal ??
        amountWait({ id, amountWei, isApproved }, deps.limits) ??
        dayWait({ id, amountWei }, deps.limits, day)),
  );
}

async function signAllowed(
  deps: AllocatingDeps,
  allowed: readonly JudgedPayout[],
  waits: Map<string, Wait>,
): Promise<void> {
  const { gasMemory, chain } = deps;
  const sight = await readWalletSight(deps);
  const { baseFeePerGasWei: baseFeeWei } = sight.view.head;
  const fees = gasFeesFor(baseFeeWei, feeLimits(deps));
  if (fees === undefined) {
    const wait = feeAboveCap(baseFeeWei, chain.maxFeePerGasWei);
    sift(allowed, waits, () => wait);
    return;
  }
  const prices = { baseFeeWei, fees };
  const payouts = sift(allowed, waits, (payout) => gasMemory.stillTooDear(payout, deps, prices));
  if (payouts.length === 0) return;
  const estimates = await estimateTransfers(deps, payouts);
  const orders: PricedOrder[] = [];
  sift(payouts, waits, (payout, index) => {
    const { payoutId } = payout;
    const estimate = estimates[index];
    const gas = gasFor(deps, payout, { estimate, agreedWei: sight.agreedWei, fees });
    if ('code' in gas) {
      if (typeof estimate === 'bigint') gasMemory.note(payoutId, estimate, gas);
      return gas;
    }
    const gasCostWei = expectedGasCostWei(gas.needed, prices);
    orders.push({ payoutId, gasLimit: gas.limit, gasCostWei, neededGas: gas.needed });
    return undefined;
  });
  const refusals = await signOrders(deps, orders, { ...sight, fees });
  if ('code' in refusals) {
    sift(payouts, waits, () => refusals);
    return;
  }
  for (const [payoutId, wait] of refusals) waits.set(payoutId, wait);
  for (const { payoutId, neededGas } of orders) {
    gasMemory.note(payoutId, neededGas, refusals.get(payoutId));
  }
}

interface PricedOrder extends SlotOrder {
  readonly neededGas: bigint;
}

/** Returns why the other orders were not signed, or the one reason why none was. */
async function signOrders(
  deps: MoneyDeps,
  orders: readonly SlotOrder[],
  { view, claimedNonce, fees }: WalletSight & { readonly fees: GasFees },
): Promise<Waits | Wait> {
  const signing = await withSigner(deps, (sign, refused) =>
    allocateSlots(deps.db, {
      wallet: walletKeyOf(deps),
      orders: orders.filter(({ payoutId }) => !refused.has(payoutId)),
      limits: deps.limits,
      fees,
      chainNonce: view.latestNonce,
      claimedNonce,
      balanceWei: view.balanceWei,
      keepInWalletWei: deps.chain.keepInWalletWei,
      sign,
    }),
  );
  if (signing.kind === 'waiting') return signing.wait;
  const { result, refused } = signing;
  if (result.kind === 'waiting') return result.wait;
  if (result.kind === 'nonce-ahead') return haltWhenNonceAhead(deps);
  return new Map([...refused, ...result.refusals]);
}

type WalletSight = Awaited<ReturnType<typeof readWalletSight>>;

/** Reads the paying wallet right before something is signed with its key; throws a ChainError while too few endpoints answer. */
async function readWalletSight(deps: MoneyDeps) {
  await compareOtherWallets(deps);
  const views = await walletViews(deps);
  // After an older backup was restored, a lagging endpoint alone would hide nonces that are already used.
  if (views.length < deps.rpc.quorum) {
    const why = [`only ${views.length} RPC endpoint answers`, ...deps.rpc.faults()];
    throw new ChainError('unreachable', why.join('; '));
  }
  const view = furthestView(views);
  await noteBalance(deps, view);
  const counts = views.flatMap(({ latestNonce, pendingNonce }) => [latestNonce, pendingNonce]);
  const agreedWei = agreedBalance(views, deps.rpc.quorum);
  // The balance is what a quorum agrees on, but a nonce counts as used when any endpoint says so.
  return { view, claimedNonce: Math.max(...counts), agreedWei };
}
