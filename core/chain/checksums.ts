import { getAddress } from 'ethers';
import { LRUCache } from 'lru-cache';
import { type Address, isHexAddress } from '../base/address.js';
import { PoolError } from '../base/errors/pool-error.js';

/** At most this many checksums are cached: each costs a Keccak hash, and lists show the same addresses again. */
const CACHE_SIZE = 20_000;
const checksummed = new LRUCache<Address, string>({
  max: CACHE_SIZE,
  memoMethod: (address) => getAddress(address),
});

/** Returns the EIP-55 form of an address. */
export function toChecksum(address: Address): string {
  return checksummed.memo(address);
}

/**
 * Returns the value with EIP-55 checksums in the addresses of all its texts. Inside the program addresses are in lower
 * case, even in sentences, because they serve as keys. Hashes are left alone, and so is whatever follows a slash, because
 * it is part of an id or a URL.
 */
export function withChecksums<T>(value: T): T {
  return checksums(value) as T;
}

function checksums(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.replace(IN_TEXT, (address) => toChecksum(address as Address));
  }
  if (Array.isArray(value)) return value.map(checksums);
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, checksums(part)]));
}

const IN_TEXT = /(?<![\w/])0x[0-9a-f]{40}(?!\w)/g;

/** Reads an address that is in one case, or in mixed case with the right checksum. Throws ADDRESS_MALFORMED. */
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
