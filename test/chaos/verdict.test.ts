import { expect, test } from 'vitest';
import type { SeenTransaction } from './chain-scan.js';
import type { LedgerLook } from './ledger-look.js';
import { judgeLiveness, judgeSafety, type Sight } from './verdict.js';

const PAYEE = `0x${'11'.repeat(20)}`;
const WALLET = `0x${'aa'.repeat(20)}`;

function transfer(changes: Partial<SeenTransaction> = {}): SeenTransaction {
  return {
    hash: '0xa',
    from: WALLET,
    nonce: 0,
    to: PAYEE,
    valueWei: 7n,
    succeeded: true,
    gasUsed: 21_000n,
    gasLimit: 26_250n,
    ...changes,
  };
}

function ledger(changes: Partial<LedgerLook> = {}): LedgerLook {
  return {
    payouts: new Map([['p', { id: 'p', destination: PAYEE, amountWei: 7n, state: 'paid' }]]),
    attempts: new Map([
      ['0xa', { hash: '0xa', nonce: 0, payoutId: 'p', createdAtMs: 1 }],
      ['0xb', { hash: '0xb', nonce: 1, payoutId: 'p', createdAtMs: 1 }],
    ]),
    promised: new Map([[PAYEE, { pendingWei: 0n, paidWei: 7n, reservedWei: 0n, adoptedWei: 0n }]]),
    superseded: [],
    foreign: new Map(),
    haltCodes: [],
    ...changes,
  };
}

function sight(changes: Partial<Sight> = {}): Sight {
  return {
    chain: [transfer()],
    ledger: ledger(),
    payees: [PAYEE],
    earned: new Map([[PAYEE, 7n]]),
    foreignHashes: new Set<string>(),
    firstSeenMs: new Map([['0xa', 2]]),
    ...changes,
  };
}

function safetyWords(changes: Partial<Sight>): readonly string[] {
  const { doublePaid, unrecorded, unearned, unproven } = judgeSafety(sight(changes));
  return [...doublePaid, ...unrecorded, ...unearned, ...unproven].map(({ words }) => words);
}

test('one transfer that was recorded before, and is booked as paid, is in order', () => {
  expect(safetyWords({})).toEqual([]);
  expect(judgeLiveness(sight())).toEqual({ open: [], drift: [], driftWei: 0n, unbooked: [] });
});

test('two successful transfers of one payout are a double payment, one that failed is none', () => {
  const second = transfer({ hash: '0xb', nonce: 1 });
  expect(safetyWords({ chain: [transfer(), second] })).toEqual(['payout p was paid 2 times']);
  expect(safetyWords({ chain: [transfer(), { ...second, succeeded: false }] })).toEqual([]);
});

test('without attempt rows a double payment is told by destination and amount', () => {
  const chain = [transfer(), transfer({ hash: '0xb', nonce: 1 })];
  const words = safetyWords({ chain, ledger: ledger({ attempts: new Map() }) });
  expect(words[0]).toBe(`payout ${PAYEE} 7 was paid 2 times`);
  expect(words).toHaveLength(3);
});

test('a destination with more than paid and reserved is a double payment', () => {
  const promised = new Map([
    // An adopted payment does not count as the promise behind one of the pool's own transfers.
    [PAYEE, { pendingWei: 0n, paidWei: 7n, reservedWei: 0n, adoptedWei: 7n }],
  ]);
  expect(safetyWords({ ledger: ledger({ promised }) })).toEqual([
    `${PAYEE} has 7 wei more than it was promised`,
  ]);
});

test('a transfer without an older attempt row, or unlike its payout, is unrecorded', () => {
  expect(safetyWords({ ledger: ledger({ attempts: new Map() }) })).toEqual([
    '0xa (nonce 0) has no attempt row',
  ]);
  expect(safetyWords({ firstSeenMs: new Map([['0xa', 0]]) })).toEqual([
    '0xa (nonce 0) was on the chain before its attempt row',
  ]);
  const less = [transfer({ valueWei: 6n })];
  expect(safetyWords({ chain: less })).toEqual(['0xa (nonce 0) is not what its payout promised']);
});

test('a nonce may be given up only where a foreign transaction has it', () => {
  const given = { ledger: ledger({ superseded: [{ wallet: WALLET, nonce: 5 }] }) };
  expect(safetyWords(given)).toEqual([
    'nonce 5 was given up and no foreign transaction has taken it',
  ]);
  const taken = [transfer(), transfer({ hash: '0xf', nonce: 5 })];
  expect(safetyWords({ ...given, chain: taken, foreignHashes: new Set(['0xf']) })).toEqual([]);
  const elsewhere = taken.map((one) => (one.nonce === 5 ? { ...one, from: PAYEE } : one));
  expect(safetyWords({ ...given, chain: elsewhere, foreignHashes: new Set(['0xf']) })).toEqual([
    'nonce 5 was given up and no foreign transaction has taken it',
  ]);
});

test('a wei that was credited by an order nobody gave breaks safety, one that was lost breaks liveness', () => {
  expect(safetyWords({ earned: new Map([[PAYEE, 6n]]) })).toEqual([
    `${PAYEE} was given 1 wei that nobody earned`,
  ]);
  expect(safetyWords({ earned: new Map() })).toEqual([
    `${PAYEE} was given 7 wei that nobody earned`,
  ]);
  expect(judgeLiveness(sight({ earned: new Map([[PAYEE, 8n]]) })).drift).toEqual([
    `${PAYEE}: earned less owed or paid is 1 wei`,
  ]);
});

test('an open payout, a wei of drift and a foreign payment that was not adopted break liveness', () => {
  const payouts = new Map([['p', { id: 'p', destination: PAYEE, amountWei: 7n, state: 'signed' }]]);
  const promised = new Map([
    [PAYEE, { pendingWei: 0n, paidWei: 6n, reservedWei: 7n, adoptedWei: 0n }],
  ]);
  const earned = new Map([[PAYEE, 13n]]);
  const foreign = transfer({ hash: '0xf', nonce: 5, valueWei: 3n });
  const faults = judgeLiveness(
    sight({
      chain: [transfer(), foreign],
      ledger: ledger({ payouts, promised }),
      earned,
      foreignHashes: new Set(['0xf']),
    }),
  );
  expect(faults.open).toEqual(['payout p is still signed']);
  expect(faults.driftWei).toBe(4n);
  expect(faults.unbooked).toEqual(['foreign 0xf (nonce 5) was never adopted']);
});
