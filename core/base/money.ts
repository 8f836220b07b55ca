/** Amounts of money are exact wei in a `bigint`, never a `number`. ETH is only for showing to people. */

/** Wei as a decimal string, the form that amounts have in JSON, Temporal payloads and CLI output. */
export type WeiString = string;

/**
 * Who gets the fraction of a wei when the fee of a job is split (core/events/rules/commission.ts). The meaning of a rule
 * never changes, because jobs keep the terms that they were counted under.
 *
 * - `commission-floor`: the commission is rounded down, the payee gets the rest.
 * - `net-floor`: what the payee gets is rounded down, the pool keeps the rest.
 */
export const ROUNDINGS = ['commission-floor', 'net-floor'] as const;
export type Rounding = (typeof ROUNDINGS)[number];

/** The part of the terms that fixes the commission of a job, exact to the wei. */
export interface Share {
  readonly commissionBps: number;
  readonly rounding: Rounding;
}

/** Formats wei as ETH, exact and without trailing zeros: `0.005`, `12.000000000000000001`. */
export function formatEth(wei: bigint): string {
  return formatUnits(wei, 18);
}

/** Formats wei as `0.005 ETH (5000000000000000 wei)`: ETH for reading, wei for copying. */
export function ethAndWei(wei: bigint): string {
  return `${formatEth(wei)} ETH (${wei} wei)`;
}

/** Formats wei per gas as gwei, such as `0.1`, for sentences about gas fees. */
export function formatGwei(wei: bigint): string {
  return formatUnits(wei, 9);
}

/** Formats smallest units of which 10^decimals are one, exact and without trailing zeros. */
export function formatUnits(units: bigint, decimals: number): string {
  const sign = units < 0n ? '-' : '';
  const digits = `${units < 0n ? -units : units}`.padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  const fraction = digits.slice(point).replace(/0+$/, '');
  return `${sign}${digits.slice(0, point)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** No amount may be larger than this (1e9 ETH): the supply is below 2e8 ETH, so it is a mistake or an attack. */
const MOST_WEI = 10n ** 27n;

/** Tells whether an amount can exist, be it positive or negative. */
export function isPossibleWei(wei: bigint): boolean {
  return wei >= -MOST_WEI && wei <= MOST_WEI;
}

export function sumWei(amounts: Iterable<bigint>): bigint {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}

/** Returns the smaller of two amounts; Math.min takes no bigint. */
export function smallerWei(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function largerWei(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
