/** Short forms of numbers and times, as pages show them. */
import { formatEth } from '../../../core/base/money.js';

const SHOWN_DECIMALS = 6;
const SMALLEST_SHOWN_WEI = 10n ** 12n;

/** Formats ETH with at most six decimals, cut and not rounded, so that a page never shows more than there is. */
export function shortEth(wei: bigint): string {
  if (wei !== 0n && wei > -SMALLEST_SHOWN_WEI && wei < SMALLEST_SHOWN_WEI) {
    return wei < 0n ? '> -0.000001' : '< 0.000001';
  }
  const [whole = '0', fraction = ''] = formatEth(wei).split('.');
  const decimals = fraction.slice(0, SHOWN_DECIMALS).replace(/0+$/, '');
  return decimals === '' ? groupDigits(whole) : `${groupDigits(whole)}.${decimals}`;
}

/** Separates thousands with thin spaces: 1 234 567. */
export const groupDigits = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, '\u202f');

export const shortHex = (hex: string): string => `${hex.slice(0, 6)}…${hex.slice(-4)}`;

/** Returns `part` of `whole` in thousandths; 0 when the whole is zero. */
export function permille(part: bigint, whole: bigint): number {
  if (whole <= 0n || part <= 0n) return 0;
  return Math.min(1000, Number((part * 1000n) / whole));
}

/** Shows a time to the minute. */
export const utc = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** `1 job`, `2 jobs`: a count with its noun. */
export const counted = (count: number, noun: string): string =>
  `${groupDigits(String(count))} ${noun}${count === 1 ? '' : 's'}`;
