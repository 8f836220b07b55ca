/** The gas limit of a transfer, and the wait reasons for when gas is too expensive or cannot be estimated. */
import { LRUCache } from 'lru-cache';
import { ChainError, saysReverted, saysUnaffordable } from '../../chain/endpoint-error.js';
import { expectedGasCostWei, type GasFees, gasLimitFor } from '../../chain/rules/gas-fees.js';
import type { Wait } from '../rules/payout.js';
import { amountWait, gasShareWait } from '../rules/payout-limits.js';
import {
  estimateContradicted,
  gasAboveCap,
  type PayoutGas,
  rpcUnreachable,
  walletBelowPayout,
} from '../rules/waits.js';
import type { PayoutProgress } from '../store/payout-progress.js';
import type { MoneyDeps } from '../wallet/money-deps.js';

/** The gas that any transfer needs at least. */
const LEAST_GAS = 21_000n;

/** Asks the chain how much gas these transfers need. When an endpoint refuses one of them, the result has an error in its place. */
export function estimateTransfers(
  deps: MoneyDeps,
  payouts: readonly Pick<PayoutProgress, 'destination' | 'amountWei'>[],
): Promise<readonly (bigint | ChainError)[]> {
  const from = deps.signer.address;
  return deps.rpc.estimateGas(
    payouts.map(({ destination: to, amountWei: valueWei }) => ({ from, to, valueWei })),
  );
}

/** Returns the gas limit to sign and the gas that the transfer is expected to need, or why the payout waits. */
export function gasFor(
  deps: MoneyDeps,
  payout: PayoutProgress,
  { estimate, ...sight }: Sight & { readonly estimate: bigint | ChainError | undefined },
): { readonly limit: bigint; readonly needed: bigint } | Wait {
  if (estimate instanceof ChainError && !saysReverted(estimate)) {
    return withoutEstimate(deps, payout, { ...sight, error: estimate });
  }
  const { gasLimitCap } = deps.chain;
  if (typeof estimate === 'bigint' && estimate > gasLimitCap) {
    return gasAboveCap(estimate, gasLimitCap);
  }
  // An endpoint's claim that the transfer reverts refuses nothing: the chain decides, and the cap limits the cost.
  const known = estimate instanceof ChainError ? undefined : estimate;
  const limit = gasLimitFor({ estimate: known, atLeast: payout.gasLimit, cap: gasLimitCap });
  // If this payee's estimates were once too low, the cost is measured by the limit.
  return { limit, needed: known === undefined || payout.gasLimit !== null ? limit : known };
}

interface Sight {
  /** The wallet's balance according to a quorum of endpoints. */
  readonly agreedWei: bigint;
  readonly fees: GasFees;
}

function withoutEstimate(
  deps: MoneyDeps,
  payout: PayoutProgress,
  { error, agreedWei, fees }: Sight & { readonly error: ChainError },
): Wait {
  // Ask for an approval first, because nobody should top up the wallet for an amount that nobody has approved.
  const tooMuch = amountWait({ ...payout, id: payout.payoutId }, deps.limits);
  if (tooMuch !== undefined) return tooMuch;
  const leastWei = payout.amountWei + LEAST_GAS * fees.maxFeePerGasWei;
  // Each client words its refusal differently, so compare the balance first.
  if (agreedWei < leastWei) return walletBelowPayout(deps.signer.address, agreedWei);
  return saysUnaffordable(error)
    ? estimateContradicted(error.message, agreedWei)
    : rpcUnreachable(error.message);
}

export function feeLimits(deps: MoneyDeps): { readonly capWei: bigint; readonly tipWei: bigint } {
  return { capWei: deps.chain.maxFeePerGasWei, tipWei: deps.chain.maxPriorityFeePerGasWei };
}

/** An estimate is used for at most this many milliseconds, because the payee's code may change, and on Arbitrum the price of L1 does. */
const KNOWN_FOR_MS = 15 * 60_000;
const MOST_KNOWN = 50_000;

/**
 * Remembers the gas estimates of payouts that wait because gas is too expensive for them. Thousands of them may be
 * tried each minute, and the chain need not estimate a transfer again before the fee has fallen far enough.
 */
export class GasMemory {
  private readonly known = new LRUCache<string, bigint>({ max: MOST_KNOWN, ttl: KNOWN_FOR_MS });

  /** Says why the payout still waits according to its last estimate; undefined when the chain has to be asked again. */
  stillTooDear(
    payout: PayoutProgress & Pick<PayoutGas, 'ownGasShareBps'>,
    { limits, chain }: MoneyDeps,
    prices: { readonly baseFeeWei: bigint; readonly fees: GasFees },
  ): Wait | undefined {
    const { payoutId, isApproved } = payout;
    const gas = this.known.get(payoutId);
    if (gas === undefined) return undefined;
    if (gas > chain.gasLimitCap) return gasAboveCap(gas, chain.gasLimitCap);
    if (isApproved) return undefined;
    const gasCostWei = expectedGasCostWei(gas, prices);
    return gasShareWait({ ...payout, id: payoutId, gasCostWei }, limits);
  }

  /** Stores the estimate if the payout waits because of it, and deletes it otherwise. */
  note(payoutId: string, gas: bigint, wait: Wait | undefined): void {
    const isTooDear = wait?.code === 'GAS_SHARE_ABOVE_CAP' || wait?.code === 'GAS_ABOVE_CAP';
    if (isTooDear) this.known.set(payoutId, gas);
    else this.known.delete(payoutId);
  }
}
