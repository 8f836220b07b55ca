import { describe, expect, it } from 'vitest';
import {
  type ChainRecord,
  compareBalance,
  compareNonce,
  incomeOf,
  type LedgerRecord,
  spentBy,
} from './discrepancies.js';

const to = `0x${'11'.repeat(20)}` as const;
const chain: ChainRecord = {
  ...{ hash: '0xa', to, valueWei: 7n, succeeded: true, gasUsed: 21_000n, gasPriceWei: 3n },
};
const slot: NonNullable<LedgerRecord['slot']> = {
  ...{ state: 'mined', payoutId: 'p', destination: to, amountWei: 7n, minedHash: '0xa' },
};
const ledger: LedgerRecord = { nonce: 4, slot, foreignHash: null };

describe('the two records of one nonce', () => {
  it('agree when hash, receiver, amount and success are the same', () => {
    expect(compareNonce(4, chain, ledger)).toBeUndefined();
    const failed = { ...ledger, slot: { ...slot, state: 'failed' } } as const;
    expect(compareNonce(4, { ...chain, succeeded: false }, failed)).toBeUndefined();
    const taken = { nonce: 4, slot: { ...slot, state: 'superseded' }, foreignHash: '0xa' } as const;
    expect(compareNonce(4, chain, taken)).toBeUndefined();
    expect(compareNonce(4, chain, { nonce: 4, slot: null, foreignHash: '0xa' })).toBeUndefined();
    expect(compareNonce(4, undefined, undefined)).toBeUndefined();
  });

  it.each<Partial<ChainRecord>>([
    { hash: '0xb' },
    { to: `0x${'22'.repeat(20)}` },
    { to: null },
    { valueWei: 8n },
    { succeeded: false },
  ])('differs by any of them: %o', (change) => {
    expect(compareNonce(4, { ...chain, ...change }, ledger)?.code).toBe('TRANSACTION_DIFFERS');
  });

  it('are unknown, missing or unsettled when one of the two records is missing', () => {
    expect(compareNonce(4, chain, undefined)?.code).toBe('TRANSACTION_UNKNOWN');
    const superseded = { ...ledger, slot: { ...slot, state: 'superseded' } } as const;
    expect(compareNonce(4, chain, superseded)?.code).toBe('TRANSACTION_UNKNOWN');
    expect(compareNonce(4, undefined, ledger)?.code).toBe('TRANSACTION_MISSING');
    const open = { ...ledger, slot: { ...slot, state: 'open', minedHash: null } } as const;
    expect(compareNonce(4, chain, open)?.code).toBe('PAYOUT_NOT_SETTLED');
    for (const other of [{ valueWei: 8n }, { to: null }]) {
      expect(compareNonce(4, { ...chain, ...other }, open)?.code).toBe('TRANSACTION_UNKNOWN');
    }
    expect(compareNonce(4, undefined, open)).toBeUndefined();
  });
});

describe('the balance of an interval', () => {
  it('derives the income as the residual, so the equation holds for all numbers', () => {
    let state = 12_345n;
    const random = () => {
      state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) % 2n ** 64n;
      return state;
    };
    for (let round = 0; round < 500; round += 1) {
      const records = Array.from({ length: Number(random() % 9n) }, () => ({
        ...chain,
        valueWei: random(),
        succeeded: random() % 3n > 0n,
        gasUsed: random() % 1_000_000n,
        gasPriceWei: random() % 10n ** 12n,
      }));
      const { outWei, gasWei } = spentBy(records);
      const inWei = random();
      const openingWei = outWei + gasWei + random();
      const sheet = {
        openingWei,
        closingWei: openingWei + inWei - outWei - gasWei,
        outWei,
        gasWei,
      };
      expect(incomeOf(sheet)).toBe(inWei);
      expect(compareBalance(sheet)).toBeUndefined();
      const robbed = { ...sheet, closingWei: sheet.closingWei - inWei - 1n };
      expect(compareBalance(robbed)).toMatchObject({
        code: 'BALANCE_DIFFERS',
        message: expect.stringContaining('(1 wei)'),
      });
    }
  });

  it('counts the gas of failed transactions, but not their value', () => {
    expect(spentBy([chain, { ...chain, succeeded: false }])).toEqual({
      outWei: 7n,
      gasWei: 2n * 63_000n,
    });
  });
});
