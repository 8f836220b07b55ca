import { describe, expect, it } from 'vitest';
import { payableAddress } from './address.js';

describe('payableAddress', () => {
  it('returns one lower-case form for an address in any case', () => {
    const address = '0xAbCdEf0123456789aBcDeF0123456789abcdef01';
    expect(payableAddress(address)).toBe(address.toLowerCase());
    expect(payableAddress(address.toLowerCase())).toBe(address.toLowerCase());
  });

  it('returns undefined for what must never be paid', () => {
    const unpayable = [
      '',
      '0x',
      `0x${'0'.repeat(40)}`,
      `0x${'g'.repeat(40)}`,
      'a'.repeat(40),
      null,
      7,
    ];
    for (const text of unpayable) expect(payableAddress(text)).toBeUndefined();
  });
});
