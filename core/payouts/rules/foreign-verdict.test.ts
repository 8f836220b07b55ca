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
  it('is ours only if it is exactly the transfer that was signed for its nonce, with our signature', () => {
    expect(judgeForeign(facts, context)).toBe('ours');
    expect(judgeForeign({ ...facts, succeeded: false }, context)).toBe('ours');
    expect(judgeForeign({ ...facts, valueWei: 8n }, context)).toBe('payment');
    expect(judgeForeign({ ...facts, hasBytes: false }, context)).toBe('payment');
    expect(judgeForeign({ ...facts, data: '0x00' }, context)).toBe('payment');
    expect(judgeForeign(facts, { ...context, slot: undefined })).toBe('payment');
  });

  it('pays nobody when it failed, had no value, or was a plain transfer to a stranger', () => {
    const stranger = { ...context, slot: undefined, isPayee: false };
    expect(judgeForeign(facts, stranger)).toBe('pays-nobody');
    expect(judgeForeign({ ...facts, succeeded: false }, { ...context, slot: undefined })).toBe(
      'pays-nobody',
    );
    expect(judgeForeign({ ...facts, valueWei: 0n }, { ...context, slot: undefined })).toBe(
      'pays-nobody',
    );
  });

  it('is unclear if it is a call or creates a contract, until a person has examined it', () => {
    const stranger = { ...context, slot: undefined, isPayee: false };
    for (const call of [
      { ...facts, data: '0x1234' },
      { ...facts, to: null },
      { ...facts, valueWei: 0n, data: '0x1234' },
    ]) {
      expect(judgeForeign(call, stranger)).toBe('unclear');
      expect(judgeForeign(call, { ...stranger, isVouchedFor: true })).toBe('pays-nobody');
    }
    // A person's word cannot turn a payment to a payee into none.
    expect(judgeForeign({ ...facts, data: '0x1234' }, { ...context, isVouchedFor: true })).toBe(
      'payment',
    );
  });

  it('is unclear when its signature is valid on any chain, until a person has examined it', () => {
    const copyable = { ...facts, isForOurChain: false };
    const stranger = { ...context, slot: undefined, isPayee: false };
    for (const one of [copyable, { ...copyable, succeeded: false }, { ...copyable, to: null }]) {
      expect(judgeForeign(one, context)).toBe('unclear');
      expect(judgeForeign(one, stranger)).toBe('unclear');
    }
    // Even then it is no proof that the key signed it for our chain.
    expect(judgeForeign(copyable, { ...context, isVouchedFor: true })).toBe('payment');
    expect(judgeForeign(copyable, { ...stranger, isVouchedFor: true })).toBe('pays-nobody');
    expect(describeForeign(copyable, 'unclear')).toContain('names no chain');
  });

  it('is described with its amount and what is done about it', () => {
    expect(describeForeign(facts, 'payment')).toContain('0.000000000000000007 ETH');
    expect(describeForeign({ ...facts, to: null }, 'unclear')).toContain('--vouch');
  });
});
