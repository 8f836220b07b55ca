import { getAddress } from 'ethers';
import { type Address, isHexAddress } from '../domain/address.js';
import { PoolError } from '../domain/pool-error.js';

/** A checksum costs a Keccak hash, and lists show the same addresses again and again. */
const CACHE_SIZE = 20_000;
const checksummed = new Map<string, string>();

/** The EIP-55 form of an address. */
export function toChecksum(address: Address): string {
  const known = checksummed.get(address);
  if (known !== undefined) return known;
  if (checksummed.size >= CACHE_SIZE) checksummed.clear();
  const form = getAddress(address);
  checksummed.set(address, form);
  return form;
}

/** Reads an address in one case, or in mixed case with its right checksum. */
export function parseAddress(text: string): Address {
  if (!isHexAddress(text)) {
    throw new PoolError('ADDRESS_MALFORMED', 'This is not an address of 0x and 40 hex digits.');
  }
  const digits = text.slice(2);
  const isOneCase = digits === digits.toLowerCase() || digits === digits.toUpperCase();
  const lower = text.toLowerCase() as Address;
  if (!isOneCase && toChecksum(lower) !== text) {
    throw new PoolError(
      'ADDRESS_MALFORMED',
      `The checksum of ${text} is wrong: a digit or a case.`,
    );
  }
  return lower;
}
