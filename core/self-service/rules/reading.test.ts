import { describe, expect, it } from 'vitest';
import { readWish, wishOf } from './reading.js';
import { typedDataOf, type WishMessage } from './typed-data.js';
import { WISH_KINDS, type Wish } from './wish.js';

const PAYEE = `0x${'a1'.repeat(20)}` as const;
const NOW = new Date('2026-03-01T12:00:00Z');
const NOW_S = NOW.getTime() / 1_000;
const ETH = 10n ** 18n;
const expected = {
  payee: PAYEE,
  poolId: 'my-pool',
  chainId: 42_161,
  bounds: { leastWei: ETH / 100n, mostWei: ETH },
  now: NOW,
};
const WISHES: readonly Wish[] = [
  { kind: 'threshold', thresholdWei: ETH / 20n },
  { kind: 'threshold', thresholdWei: null },
  { kind: 'pause' },
  { kind: 'resume' },
  { kind: 'nickname', nickname: "Ann's 2 GPUs" },
  { kind: 'nickname', nickname: null },
  { kind: 'notice-address', noticeAddress: 'https://ann.example.net/notices?key=1' },
  { kind: 'notice-address', noticeAddress: null },
  { kind: 'destination', destination: `0x${'b2'.repeat(20)}` },
  { kind: 'revoke-destination' },
];
const signed = (wish: Wish, changes: Partial<WishMessage> = {}): WishMessage => ({
  wish,
  payee: PAYEE,
  poolId: 'my-pool',
  chainId: 42_161,
  nonce: 3,
  issuedAt: NOW_S,
  expiresAt: NOW_S + 3_600,
  ...changes,
});
const pause = typedDataOf(signed({ kind: 'pause' }));
const codeOf = (given: unknown) => {
  try {
    readWish(given, expected);
    return 'taken';
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('a signed message', () => {
  it.each(WISHES)('is read as it was made: $kind', (wish) => {
    expect(readWish(typedDataOf(signed(wish)), expected)).toEqual(signed(wish));
    // As a browser's wallet sends it back: everything in JSON.
    const sent: unknown = JSON.parse(JSON.stringify(typedDataOf(signed(wish))));
    expect(readWish(sent, expected)).toEqual(signed(wish));
  });

  it('covers every kind, and says each in words', () => {
    expect(new Set(WISHES.map(({ kind }) => kind))).toEqual(new Set(WISH_KINDS));
    const said = WISHES.map((wish) => String(typedDataOf(signed(wish)).message['says']));
    expect(new Set(said).size).toBe(WISHES.length);
    expect(said[0]).toBe('Pay me when 0.05 ETH is pending.');
  });

  it('is refused for another chain, pool, address or time, each by its own code', () => {
    const of = (changes: Partial<WishMessage>) =>
      codeOf(typedDataOf(signed({ kind: 'pause' }, changes)));
    expect(of({})).toBe('taken');
    expect(of({ chainId: 1 })).toBe('WISH_OTHER_CHAIN');
    expect(of({ poolId: 'their-pool' })).toBe('WISH_OTHER_POOL');
    expect(of({ payee: `0x${'c3'.repeat(20)}` })).toBe('WISH_OTHER_PAYEE');
    expect(of({ issuedAt: NOW_S - 7_200, expiresAt: NOW_S })).toBe('WISH_EXPIRED');
    expect(of({ issuedAt: NOW_S + 700 })).toBe('WISH_MALFORMED');
    expect(of({ expiresAt: NOW_S + 31 * 86_400 })).toBe('WISH_MALFORMED');
  });

  it.each([
    ['no object', 'a text'],
    ['nothing', null],
    ['no domain', { ...pause, domain: undefined }],
    ['another program', { ...pause, domain: { ...pause.domain, name: 'uniswap' } }],
    ['an unknown type', { ...pause, primaryType: 'Permit' }],
    ['a field too many', { ...pause, message: { ...pause.message, note: 'x' } }],
    ['other words', { ...pause, message: { ...pause.message, says: 'Win a prize.' } }],
    ['a nonce that is no number', { ...pause, message: { ...pause.message, nonce: '0x1' } }],
    ['a nonce below zero', { ...pause, message: { ...pause.message, nonce: -1 } }],
    ['no nonce', { ...pause, message: { ...pause.message, nonce: undefined } }],
  ])('is refused when it has %s', (_, given) => {
    expect(codeOf(given)).toBe('WISH_MALFORMED');
  });

  it('is refused outside of the pool’s bounds', () => {
    const of = (wish: Wish) => codeOf(typedDataOf(signed(wish)));
    expect(of({ kind: 'threshold', thresholdWei: ETH / 100n })).toBe('taken');
    expect(of({ kind: 'threshold', thresholdWei: ETH })).toBe('taken');
    expect(of({ kind: 'threshold', thresholdWei: ETH / 100n - 1n })).toBe('WISH_OUT_OF_BOUNDS');
    expect(of({ kind: 'threshold', thresholdWei: ETH + 1n })).toBe('WISH_OUT_OF_BOUNDS');
    for (const nickname of [
      ' Ann',
      'A  B',
      'x'.repeat(33),
      'a\u202eb',
      '<b>',
      '0xA1b2c3d4',
      'e\u0301',
    ]) {
      expect([nickname, of({ kind: 'nickname', nickname })]).toEqual([
        nickname,
        'WISH_OUT_OF_BOUNDS',
      ]);
    }
    for (const noticeAddress of ['http://a.example', 'https://u:p@a.example/', 'ftp://a', 'x']) {
      expect(of({ kind: 'notice-address', noticeAddress })).toBe('WISH_OUT_OF_BOUNDS');
    }
  });
});

describe('a wish in text', () => {
  it('is made of its kind and its value', () => {
    expect(wishOf('threshold', '7')).toEqual({ kind: 'threshold', thresholdWei: 7n });
    expect(wishOf('nickname', '')).toEqual({ kind: 'nickname', nickname: null });
    expect(wishOf('pause', '')).toEqual({ kind: 'pause' });
    expect(() => wishOf('pause', 'now')).toThrow('has no value');
    expect(() => wishOf('destination', `0x${'0'.repeat(40)}`)).toThrow('the zero address');
    expect(() => wishOf('threshold', '1.5')).toThrow('whole number of wei');
  });
});
