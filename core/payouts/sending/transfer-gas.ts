/** How much gas a transfer may burn, and what is said when that is too much or cannot be told now. */
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

/** The least that any transfer needs. */
const LEAST_GAS = 21_000n;

/** Asks the chain what these transfers need. An endpoint that refuses one of them gives an error in its place. */
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
  /** The wallet's balance, as a quorum of endpoints sees it. */
  readonly agreedWei: bigint;
  readonly fees: GasFees;
}

/** Gives the gas limit to sign and the gas that the transfer is expected to need, or why it waits. */
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
  // An endpoint's opinion that the transfer reverts refuses nothing: the chain decides, and the cap bounds the cost.
  const known = estimate instanceof ChainError ? undefined : estimate;
  const limit = gasLimitFor({ estimate: known, atLeast: payout.gasLimit, cap: gasLimitCap });
  // The estimates for this payee were too low once, so the cost is measured by the limit.
  return { limit, needed: known === undefined || payout.gasLimit !== null ? limit : known };
}

function withoutEstimate(
  deps: MoneyDeps,
  payout: PayoutProgress,
  { error, agreedWei, fees }: Omit<Estimated, 'estimate'> & { readonly error: ChainError },
): Wait {
  // Nobody should top up the wallet for an amount that nobody has approved.
  const tooMuch = amountWait({ ...payout, id: payout.payoutId }, deps.limits);
  if (tooMuch !== undefined) return tooMuch;
  const leastWei = payout.amountWei + LEAST_GAS * fees.maxFeePerGasWei;
  // Each client words its refusal differently, so the balance is compared first.
  if (agreedWei < leastWei) return walletBelowPayout(deps.signer.address, agreedWei);
  return saysUnaffordable(error)
    ? estimateContradicted(error.message, agreedWei)
    : rpcUnreachable(error.message);
}

export function feeLimits(deps: MoneyDeps): { readonly capWei: bigint; readonly tipWei: bigint } {
  return { capWei: deps.chain.maxFeePerGasWei, tipWei: deps.chain.maxPriorityFeePerGasWei };
}
