import { describe, expect, it } from 'vitest';
import type { Inclusion } from '../../chain/rules/receipt.js';
import { decideSettlement } from './settlement-verdict.js';
import { describeWait } from './waits.js';

const wallet = '0x00000000000000000000000000000000000000aa';
const destination = '0x00000000000000000000000000000000000000bb';
const slot = {
  wallet,
  destination,
  attempts: [
    { hash: '0x1', gasLimit: 26_250n },
    { hash: '0x2', gasLimit: 26_250n },
  ],
} as const;
const rules = {
  confirmations: 4,
  finalityConfirmations: 20,
  gasLimitCap: 40_000n,
  endpoints: 2,
  head: 100,
};
const paid: Inclusion = {
  hash: '0x2',
  from: wallet,
  to: destination,
  succeeded: true,
  blockNumber: 100,
  blockHash: '0xb',
  gasUsed: 21_000n,
  gasPriceWei: 1n,
  depth: 'deep',
};
const failed: Inclusion = { ...paid, succeeded: false, depth: 'final' };

describe('a slot', () => {
  it('is settled when any of its attempts succeeded deep in the chain', () => {
    expect(decideSettlement(slot, [paid], rules)).toEqual({ kind: 'settled', inclusion: paid });
  });

  it('waits while the success is not deep enough, and says for how long', () => {
    const decision = decideSettlement(slot, [{ ...paid, depth: 'shallow' }], rules);
    expect(decision).toMatchObject({
      wait: { code: 'AWAITING_CONFIRMATIONS', reason: 'waiting for 3 more confirmations' },
      untilHead: 103,
    });
  });

  it('is unknown while no attempt was seen, because that proves nothing', () => {
    expect(decideSettlement(slot, [], rules)).toEqual({ kind: 'unknown' });
  });

  it('is refused only by a final failure', () => {
    expect(decideSettlement(slot, [failed], rules)).toMatchObject({ kind: 'refused' });
    for (const depth of ['shallow', 'deep'] as const) {
      expect(decideSettlement(slot, [{ ...failed, depth }], rules)).toMatchObject({
        kind: 'waiting',
        wait: { code: 'AWAITING_FINALITY' },
        untilHead: 119,
      });
    }
  });

  it('that ran out of gas gets the next payout a higher limit, up to the cap, if more than one endpoint says so', () => {
    const ranOut = { ...failed, gasUsed: 26_250n };
    expect(decideSettlement(slot, [ranOut], rules)).toMatchObject({
      kind: 'out-of-gas',
      nextGasLimit: 40_000n,
    });
    const atCap = { ...slot, attempts: [{ hash: '0x2', gasLimit: 40_000n }] };
    const burnt = { ...failed, gasUsed: 40_000n };
    expect(decideSettlement(atCap, [burnt], rules)).toMatchObject({ kind: 'refused' });
  });

  it('is released only by a person when a single endpoint says that it failed', () => {
    for (const failure of [failed, { ...failed, gasUsed: 26_250n }]) {
      expect(decideSettlement(slot, [failure], { ...rules, endpoints: 1 })).toMatchObject({
        kind: 'waiting',
        wait: { code: 'AWAITING_OPERATOR', reason: expect.stringContaining('payout release') },
      });
    }
  });

  it('is a mismatch when the transaction is not the one that was signed for it', () => {
    const others: readonly Partial<Inclusion>[] = [
      { hash: '0x3' },
      { from: destination },
      { to: wallet },
      { to: null },
    ];
    for (const other of others) {
      expect(decideSettlement(slot, [{ ...paid, ...other }], rules)).toMatchObject({
        kind: 'mismatch',
      });
    }
    const both = [paid, { ...paid, hash: '0x1' }];
    expect(decideSettlement(slot, both, rules)).toMatchObject({ kind: 'mismatch' });
  });
});

describe('the sentence of a wait', () => {
  const sight = {
    head: 100,
    latestNonce: 5,
    baseFeeWei: 10n,
    feeCapWei: 100n,
    confirmations: 4,
    haltReason: null,
    isReplaced: false,
    balanceWei: 500n,
  };
  const open = {
    ...{ wallet, nonce: 7, sends: 1, maxFeePerGasWei: 20n, costWei: 600n },
    lastAnswer: 'accepted 0xab',
  };
  const unaffordable = { lastAnswer: 'node:1 refused it: insufficient funds for gas' };

  it.each([
    ['AWAITING_CONFIRMATIONS', { nonce: 4 }, {}, 'waiting for 2 more confirmations'],
    ['WALLET_HALTED', {}, { haltReason: 'lunch' }, 'the wallet is halted: lunch'],
    ['FEE_ABOVE_CAP', {}, { baseFeeWei: 101n }, 'raise chain.maxFeePerGas or wait'],
    ['AWAITING_BROADCAST', { sends: 0 }, {}, 'signed with nonce 7; not sent yet'],
    ['AWAITING_INCLUSION', { sends: 2 }, {}, 'sent 2 times with nonce 7'],
    ['AWAITING_INCLUSION', {}, { baseFeeWei: 30n }, 'below the base fee'],
    ['AWAITING_INCLUSION', {}, { baseFeeWei: 30n, isReplaced: true }, 'was replaced'],
    ['AWAITING_INCLUSION', { lastAnswer: 'node:1 refused it: already known' }, {}, 'waiting for'],
    ['AWAITING_INCLUSION', { lastAnswer: 'node:1 did not answer: gone' }, {}, 'waiting for'],
    [
      'BROADCAST_REFUSED',
      { lastAnswer: 'node:1 refused it: transaction type not supported' },
      { balanceWei: 600n },
      'sent once with nonce 7, and not taken (node:1 refused it: transaction type not supported)',
    ],
    ['WALLET_EMPTY', unaffordable, {}, 'too little: top it up'],
    ['WALLET_EMPTY', { lastAnswer: 'node:1 refused it: no' }, {}, 'too little: top it up'],
    ['BROADCAST_REFUSED', unaffordable, { balanceWei: 600n }, 'enough for this payout'],
  ])('are those of %s', (code, slotChange, sightChange, words) => {
    const wait = describeWait({ ...open, ...slotChange }, { ...sight, ...sightChange }, 99);
    expect(wait).toMatchObject({ code, reason: expect.stringContaining(words) });
  });
});
