/** The gas limit of a transfer, and the wait reasons for when it is above the cap or cannot be estimated. */
import { ChainError, saysReverted, saysUnaffordable } from '../../chain/endpoint-error.js';
import { type GasFees, gasLimitFor } from '../../chain/rules/gas-fees.js';
import type { Wait } from '../rules/payout.js';
import { amountWait } from '../rules/payout-limits.js';
import {
  estimateContradicted,
  gasAboveCap,
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

interface Estimated {
  readonly estimate: bigint | ChainError | undefined;
  /** The wallet's balance according to a quorum of endpoints. */
  readonly agreedWei: bigint;
  readonly fees: GasFees;
}

/** Returns the gas limit to sign and the gas that the transfer is expected to need, or why the payout waits. */
export function gasFor(
  deps: MoneyDeps,
  payout: PayoutProgress,
  { estimate, agreedWei, fees }: Estimated,
): { readonly limit: bigint; readonly needed: bigint } | Wait {
  if (estimate instanceof ChainError && !saysReverted(estimate)) {
    return withoutEstimate(deps, payout, { error: estimate, agreedWei, fees });
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

function withoutEstimate(
  deps: MoneyDeps,
  payout: PayoutProgress,
  { error, agreedWei, fees }: Omit<Estimated, 'estimate'> & { readonly error: ChainError },
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
