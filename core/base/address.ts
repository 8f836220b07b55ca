/** A 20-byte address as the ledger stores it: `0x` and 40 lower-case hex digits. */
export type Address = `0x${string}`;

const ZERO_ADDRESS = '0x0000000000000000000000000000000000000000';

/** Tells whether the text is an address, in upper, lower or mixed case. The zero address counts as one. */
export function isHexAddress(text: string): boolean {
  return /^0x[0-9a-fA-F]{40}$/.test(text);
}

/**
 * Returns an address that can be paid, in lower case; undefined for any other text, and for the zero address, which
 * orchestrators report for workers that gave none. EIP-55 checksums are checked where people type addresses: a source's
 * have none.
 */
export function payableAddress(text: unknown): Address | undefined {
  if (typeof text !== 'string' || !isHexAddress(text)) return undefined;
  const lower = text.toLowerCase();
  return lower === ZERO_ADDRESS ? undefined : (lower as Address);
}
