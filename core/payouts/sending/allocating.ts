/**
 * Decides which reserved payouts get a nonce and a signature now, and why the others wait. It takes the cheapest step
 * first: what the ledger alone refuses, what is too expensive at the current fee, the gas estimate of each transfer,
 * the signature.
 */
import { ChainError } from '../../chain/endpoint-error.js';
import { expectedGasCostWei, type GasFees, gasFeesFor } from '../../chain/rules/gas-fees.js';
import type { Wait } from '../rules/payout.js';
import { amountWait, dayWait } from '../rules/payout-limits.js';
import {
  feeAboveCap,
  payeeIsWallet,
  rpcUnreachable,
  walletHalted,
  walletReplaced,
  walletsNotCompared,
} from '../rules/waits.js';
import { readDayUse } from '../store/day-use.js';
import { type AllocationResult, allocateSlots, type SlotOrder } from '../store/nonces/nonces.js';
import type { PayoutProgress } from '../store/payout-progress.js';
import { findWallet } from '../store/wallet/wallets.js';
import { type MoneyDeps, walletKeyOf } from '../wallet/money-deps.js';
import { haltWhenNonceAhead } from '../wallet/nonce-ahead.js';
import type { GasMemory } from './gas-memory.js';
import { withSigner } from './signing.js';
import { estimateTransfers, feeLimits, gasFor } from './transfer-gas.js';
import { readWalletSight, type WalletSight } from './wallet-sight.js';

export interface AllocatingDeps extends MoneyDeps {
  readonly gasMemory: GasMemory;
}

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
  const early = await refuseEarly(deps, reserved);
  const payouts = without(reserved, early);
  if (payouts.length === 0) return early;
  return new Map([...early, ...(await allocateAllowed(deps, payouts))]);
}

const without = (payouts: readonly PayoutProgress[], waits: Waits): readonly PayoutProgress[] =>
  payouts.filter(({ payoutId }) => !waits.has(payoutId));

/** Refuses payouts by the ledger alone. This only saves requests to the chain: everything is decided again under the wallet's lock. */
async function refuseEarly(deps: MoneyDeps, payouts: readonly PayoutProgress[]): Promise<Waits> {
  const wallet = await findWallet(deps.db, walletKeyOf(deps));
  if (wallet !== undefined && wallet.halt !== null) {
    return waitAll(payouts, walletHalted(wallet.halt.reason));
  }
  const day = await readDayUse(deps.db);
  return waitSome(payouts, ({ payoutId: id, amountWei, isApproved, isToWallet }) =>
    isToWallet
      ? payeeIsWallet()
      : (amountWait({ id, amountWei, isApproved }, deps.limits) ??
        dayWait({ id, amountWei }, deps.limits, day)),
  );
}

async function allocateAllowed(
  deps: AllocatingDeps,
  allowed: readonly PayoutProgress[],
): Promise<Waits> {
  const sight = await orChainError(readWalletSight(deps));
  if (sight instanceof ChainError) return waitAll(allowed, rpcUnreachable(sight.message));
  const { baseFeePerGasWei: baseFeeWei } = sight.view.head;
  const fees = gasFeesFor(baseFeeWei, feeLimits(deps));
  if (fees === undefined) {
    return waitAll(allowed, feeAboveCap(baseFeeWei, deps.chain.maxFeePerGasWei));
  }
  const prices = { baseFeeWei, fees };
  const { limits, chain, gasMemory } = deps;
  const { gasLimitCap } = chain;
  gasMemory.forgetOld();
  const tooDear = waitSome(allowed, (payout) =>
    gasMemory.stillTooDear(payout, { limits, gasLimitCap, prices }),
  );
  const payouts = without(allowed, tooDear);
  if (payouts.length === 0) return tooDear;
  const offer = { sight, prices };
  return new Map([...tooDear, ...(await allocateEstimated(deps, payouts, offer))]);
}

interface Offer {
  readonly sight: WalletSight;
  readonly prices: { readonly baseFeeWei: bigint; readonly fees: GasFees };
}

async function allocateEstimated(
  deps: AllocatingDeps,
  payouts: readonly PayoutProgress[],
  offer: Offer,
): Promise<Waits> {
  const estimates = await orChainError(estimateTransfers(deps, payouts));
  if (estimates instanceof ChainError) return waitAll(payouts, rpcUnreachable(estimates.message));
  const { agreedWei } = offer.sight;
  const { fees } = offer.prices;
  const waits = new Map<string, Wait>();
  const needed = new Map<string, bigint>();
  const orders = payouts.flatMap((payout, index): SlotOrder[] => {
    const { payoutId } = payout;
    const estimate = estimates[index];
    const gas = gasFor(deps, payout, { estimate, agreedWei, fees });
    if ('code' in gas) {
      if (typeof estimate === 'bigint') deps.gasMemory.note(payoutId, estimate, gas);
      waits.set(payoutId, gas);
      return [];
    }
    needed.set(payoutId, gas.needed);
    const gasCostWei = expectedGasCostWei(gas.needed, offer.prices);
    return [{ payoutId, gasLimit: gas.limit, gasCostWei }];
  });
  const signing = await signOrders(deps, orders, offer);
  if (signing.kind === 'waiting') return waitAll(payouts, signing.wait);
  const { result } = signing;
  if (result.kind !== 'done') return waitAll(payouts, await whyNothing(deps, result));
  for (const [payoutId, gas] of needed) {
    deps.gasMemory.note(payoutId, gas, result.refusals.get(payoutId));
  }
  return new Map([...waits, ...signing.refused, ...result.refusals]);
}

function signOrders(deps: MoneyDeps, orders: readonly SlotOrder[], { sight, prices }: Offer) {
  const { view, claimedNonce } = sight;
  return withSigner(deps, (sign, refused) =>
    allocateSlots(deps.db, {
      wallet: walletKeyOf(deps),
      orders: orders.filter(({ payoutId }) => !refused.has(payoutId)),
      limits: deps.limits,
      fees: prices.fees,
      chainNonce: view.latestNonce,
      claimedNonce,
      balanceWei: view.balanceWei,
      keepInWalletWei: deps.chain.keepInWalletWei,
      sign,
    }),
  );
}

type NothingAllocated = Exclude<AllocationResult, { readonly kind: 'done' }>;

async function whyNothing(deps: MoneyDeps, result: NothingAllocated): Promise<Wait> {
  if (result.kind === 'replaced') return walletReplaced(deps.signer.address, result.by);
  if (result.kind === 'not-compared') return walletsNotCompared();
  if (result.kind === 'halted') return walletHalted(result.halt.reason);
  return haltWhenNonceAhead(deps);
}

/** Returns the error instead of throwing it when the chain cannot be asked. */
async function orChainError<T>(asked: Promise<T>): Promise<T | ChainError> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ChainError) return error;
    throw error;
  }
}

function waitAll(payouts: readonly PayoutProgress[], wait: Wait): Waits {
  return waitSome(payouts, () => wait);
}

function waitSome(
  payouts: readonly PayoutProgress[],
  waitOf: (payout: PayoutProgress) => Wait | undefined,
): Waits {
  const waits = new Map<string, Wait>();
  for (const payout of payouts) {
    const wait = waitOf(payout);
    if (wait !== undefined) waits.set(payout.payoutId, wait);
  }
  return waits;
}
