/** A 20-byte address as the ledger keeps it: `0x` and 40 lower-case hex digits. */
export type Address = `0x${string}`;

const ZERO_ADDRESS = '0x0000000000000000000000000000000000000000';

/** Whether the text is an address in any case, the zero address included. */
export function isHexAddress(text: string): boolean {
  return /^0x[0-9a-fA-F]{40}$/.test(text);
}

/**
 * The lower-case form of an address that can be paid, or undefined for everything else: empty,
 * malformed, or the zero address, which orchestrators report for workers that gave none.
 * It checks no checksum: what a person types is checked where it is read, and the case of a source's address means nothing.
 */
export function payableAddress(text: unknown): Address | undefined {
  if (typeof text !== 'string' || !isHexAddress(text)) return undefined;
  const lower = text.toLowerCase();
  return lower === ZERO_ADDRESS ? undefined : (lower as Address);
}
