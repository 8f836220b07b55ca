/** Wei are integers; ETH is for eyes only. No amount of money is ever a `number`. */

const WEI_PER_ETH = 10n ** 18n;

/** A decimal string of wei, as it stands on every wire: JSON, Temporal payloads, CLI output. */
export type WeiString = string;

/**
 * Who gets the fraction of a wei when the fee of a job is split (core/events/rules/commission.ts splits it). What a
 * rule does never changes, because jobs keep the terms that they were counted under. A pool that wants another rule
 * changes its terms.
 *
 * - `commission-floor`: the commission is rounded down, the payee gets the rest.
 * - `net-floor`: what the payee gets is rounded down, the pool keeps the rest.
 */
export const ROUNDINGS = ['commission-floor', 'net-floor'] as const;
export type Rounding = (typeof ROUNDINGS)[number];

/** What terms say about the commission, exact to the wei. */
export interface Share {
  readonly commissionBps: number;
  readonly rounding: Rounding;
}

/** Reads a decimal string of wei; anything else (sign, exponent, hex, blanks) throws. */
export function parseWei(text: WeiString): bigint {
  if (!/^(0|[1-9][0-9]*)$/.test(text)) {
    throw new RangeError(`"${text}" is not a whole number of wei`);
  }
  return BigInt(text);
}

/**
 * Wei as ETH with all digits that count and no more: `0.005`, `12.000000000000000001`. Exact: the
 * string parses back to the same wei.
 */
export function formatEth(wei: bigint): string {
  const sign = wei < 0n ? '-' : '';
  const magnitude = wei < 0n ? -wei : wei;
  const fraction = (magnitude % WEI_PER_ETH).toString().padStart(18, '0').replace(/0+$/, '');
  return `${sign}${magnitude / WEI_PER_ETH}${fraction === '' ? '' : `.${fraction}`}`;
}

/** `0.005 ETH (5000000000000000 wei)`: the one to read, the other to copy. */
export function ethAndWei(wei: bigint): string {
  return `${formatEth(wei)} ETH (${wei} wei)`;
}

/** Wei per gas as gwei, for sentences about fees: `0.1`. */
export function formatGwei(wei: bigint): string {
  const fraction = (wei % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${wei / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
}

/** More wei than there are: the supply is below 2e8 ETH. An amount above it is a slip, or an attack. */
const MOST_WEI = 10n ** 27n;

/** Whether such an amount can exist, owed or taken away. */
export function isPossibleWei(wei: bigint): boolean {
  return wei >= -MOST_WEI && wei <= MOST_WEI;
}

/** Adds up amounts. */
export function sumWei(amounts: Iterable<bigint>): bigint {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}

/** The smaller of two amounts; Math.min takes no bigint. */
export function smallerWei(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** The larger of two amounts. */
export function largerWei(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
