import { largerWei, smallerWei } from '../../base/money.js';

/** What a transaction offers to pay for each unit of gas. */
export interface GasFees {
  readonly maxFeePerGasWei: bigint;
  readonly maxPriorityFeePerGasWei: bigint;
}

interface GasFeeLimits {
  /** No transaction ever offers more. */
  readonly capWei: bigint;
  readonly tipWei: bigint;
}

/**
 * Offers twice the base fee plus the tip, which leaves room for six full blocks, and never more than the cap. Undefined while
 * the base fee itself is above the cap.
 */
export function gasFeesFor(baseFeeWei: bigint, limits: GasFeeLimits): GasFees | undefined {
  if (baseFeeWei > limits.capWei) return undefined;
  const maxFeePerGasWei = smallerWei(limits.capWei, 2n * baseFeeWei + limits.tipWei);
  const maxPriorityFeePerGasWei = smallerWei(limits.tipWei, maxFeePerGasWei);
  return { maxFeePerGasWei, maxPriorityFeePerGasWei };
}

/**
 * Returns the gas fees of a replacement transaction. Each is at least 12.5 % and one wei higher, because a node refuses
 * less; at least what a new transaction would offer now; and at most the cap. Undefined when the cap is offered already.
 */
export function bumpedGasFees(
  current: GasFees,
  baseFeeWei: bigint,
  limits: GasFeeLimits,
): GasFees | undefined {
  if (current.maxFeePerGasWei >= limits.capWei) return undefined;
  const wanted = gasFeesFor(baseFeeWei, limits) ?? current;
  const higherWei = largerWei(raised(current.maxFeePerGasWei), wanted.maxFeePerGasWei);
  const maxFeePerGasWei = smallerWei(higherWei, limits.capWei);
  const tip = largerWei(raised(current.maxPriorityFeePerGasWei), wanted.maxPriorityFeePerGasWei);
  return { maxFeePerGasWei, maxPriorityFeePerGasWei: smallerWei(tip, maxFeePerGasWei) };
}

/** Returns what this much gas costs in wei when the next block has this base fee. */
export function expectedGasCostWei(
  gas: bigint,
  prices: { readonly baseFeeWei: bigint; readonly fees: GasFees },
): bigint {
  const { maxFeePerGasWei, maxPriorityFeePerGasWei } = prices.fees;
  return gas * smallerWei(maxFeePerGasWei, prices.baseFeeWei + maxPriorityFeePerGasWei);
}

/** Returns five quarters of the estimate, at least what an earlier attempt has needed, and at most the cap. */
export function gasLimitFor(options: {
  /** Undefined when the node says that the transfer reverts. It is then sent with the cap, and the chain decides. */
  readonly estimate: bigint | undefined;
  readonly atLeast: bigint | null;
  readonly cap: bigint;
}): bigint {
  if (options.estimate === undefined) return options.cap;
  return smallerWei(
    options.cap,
    largerWei((options.estimate * 5n + 3n) / 4n, options.atLeast ?? 0n),
  );
}

function raised(wei: bigint): bigint {
  return largerWei(wei + 1n, (wei * 9n + 7n) / 8n);
}
