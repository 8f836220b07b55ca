import { describe, expect, it } from 'vitest';
import {
  describeForeign,
  type ForeignContext,
  type ForeignFacts,
  judgeForeign,
} from './foreign-verdict.js';

const payee = `0x${'11'.repeat(20)}` as const;
const facts: ForeignFacts = {
  ...{ hash: `0x${'ab'.repeat(32)}`, nonce: 4, to: payee, valueWei: 7n, data: '0x' },
  ...{ succeeded: true, hasBytes: true, isForOurChain: true },
};
const context: ForeignContext = {
  ...{ slot: { destination: payee, amountWei: 7n }, isPayee: true, isVouchedFor: false },
};

describe('a transaction that the ledger has no bytes of', () => {
  it('is ours only as the very transfer that was signed for its nonce, proved by its signature', () => {
    expect(judgeForeign(facts, context)).toBe('ours');
    expect(judgeForeign({ ...facts, succeeded: false }, context)).toBe('ours');
    expect(judgeForeign({ ...facts, valueWei: 8n }, context)).toBe('payment');
    expect(judgeForeign({ ...facts, hasBytes: false }, context)).toBe('payment');
    expect(judgeForeign({ ...facts, data: '0x00' }, context)).toBe('payment');
    expect(judgeForeign(facts, { ...context, slot: undefined })).toBe('payment');
  });

  it('pays nobody when it failed, carried nothing, or went to a stranger in the open', () => {
    const stranger = { ...context, slot: undefined, isPayee: false };
    expect(judgeForeign(facts, stranger)).toBe('pays-nobody');
    expect(judgeForeign({ ...facts, succeeded: false }, { ...context, slot: undefined })).toBe(
      'pays-nobody',
    );
    expect(judgeForeign({ ...facts, valueWei: 0n }, { ...context, slot: undefined })).toBe(
      'pays-nobody',
    );
  });

  it('is unclear as a call or a new contract, until a person has looked at it', () => {
    const stranger = { ...context, slot: undefined, isPayee: false };
    for (const call of [
      { ...facts, data: '0x1234' },
      { ...facts, to: null },
      { ...facts, valueWei: 0n, data: '0x1234' },
    ]) {
      expect(judgeForeign(call, stranger)).toBe('unclear');
      expect(judgeForeign(call, { ...stranger, isVouchedFor: true })).toBe('pays-nobody');
    }
    // Nobody can vouch a payment to a payee away.
    expect(judgeForeign({ ...facts, data: '0x1234' }, { ...context, isVouchedFor: true })).toBe(
      'payment',
    );
  });

  it('is unclear when its signature holds on any chain, whatever it did, until a person has looked', () => {
    const copyable = { ...facts, isForOurChain: false };
    const stranger = { ...context, slot: undefined, isPayee: false };
    for (const one of [copyable, { ...copyable, succeeded: false }, { ...copyable, to: null }]) {
      expect(judgeForeign(one, context)).toBe('unclear');
      expect(judgeForeign(one, stranger)).toBe('unclear');
    }
    // Even then it is no proof that the key signed it for us.
    expect(judgeForeign(copyable, { ...context, isVouchedFor: true })).toBe('payment');
    expect(judgeForeign(copyable, { ...stranger, isVouchedFor: true })).toBe('pays-nobody');
    expect(describeForeign(copyable, 'unclear')).toContain('names no chain');
  });

  it('is described with its amount and what is done about it', () => {
    expect(describeForeign(facts, 'payment')).toContain('0.000000000000000007 ETH');
    expect(describeForeign({ ...facts, to: null }, 'unclear')).toContain('--vouch');
  });
});
