import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SolvencyFacts, solvencyOf } from './solvency.js';

const wei = () => fc.bigInt({ min: 0n, max: 10n ** 24n });
const facts: fc.Arbitrary<SolvencyFacts> = fc.record({
  pendingWei: wei(),
  reservedWei: wei(),
  leftWei: fc.constant(0n),
  unattributedWei: wei(),
  walletWei: fc.option(wei()),
  keepInWalletWei: wei(),
  elsewhereWei: fc.oneof(wei(), fc.constant('untold' as const), fc.constant(null)),
  weekWei: wei(),
  walletCoverBps: fc.nat(1_000_000),
});

describe('whether a pool holds what it owes', () => {
  it('is right to the wei, and a wallet that is topped up as told needs no more, and not a wei less', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const { cover, owedWei, freeWei, missingWei, topUpWei } = solvencyOf(given);
        expect(owedWei).toBe(given.pendingWei + given.reservedWei + given.unattributedWei);
        if (given.walletWei === null || freeWei === null) {
          expect([cover, missingWei, topUpWei]).toEqual(['unknown', 0n, 0n]);
          return;
        }
        const knownWei =
          freeWei + (typeof given.elsewhereWei === 'bigint' ? given.elsewhereWei : 0n);
        if (cover === 'covered') expect(freeWei).toBeGreaterThanOrEqual(owedWei);
        if (cover === 'covered-elsewhere') expect(knownWei).toBeGreaterThanOrEqual(owedWei);
        if (missingWei > 0n) {
          expect(knownWei + missingWei).toBe(owedWei);
          expect(['not-covered', 'wallet-short']).toContain(cover);
        }
        const full = { ...given, walletWei: given.walletWei + topUpWei };
        expect(solvencyOf(full).topUpWei).toBe(0n);
        if (topUpWei === 0n) return;
        expect(solvencyOf({ ...full, walletWei: full.walletWei - 1n }).topUpWei).toBe(1n);
      }),
    );
  });

  it('takes no unknown amount for zero', () => {
    const known: SolvencyFacts = {
      pendingWei: 10n,
      reservedWei: 0n,
      leftWei: 0n,
      unattributedWei: 0n,
      walletWei: 5n,
      keepInWalletWei: 0n,
      elsewhereWei: 5n,
      weekWei: 0n,
      walletCoverBps: 0,
    };
    const cover = (changes: Partial<SolvencyFacts>) => solvencyOf({ ...known, ...changes }).cover;
    expect(cover({})).toBe('covered-elsewhere');
    expect(cover({ elsewhereWei: 4n })).toBe('not-covered');
    expect(cover({ elsewhereWei: null })).toBe('unknown');
    expect(cover({ elsewhereWei: 'untold' })).toBe('wallet-short');
    expect(cover({ walletWei: null })).toBe('unknown');
    expect(cover({ walletWei: 10n, elsewhereWei: null })).toBe('covered');
    expect(cover({ walletWei: 0n, elsewhereWei: 0n, reservedWei: 9n, leftWei: 19n })).toBe(
      'covered',
    );
  });
});
