import { describe, expect, it } from 'vitest';
import { judgeBalance } from './balance.js';
import { type CheckRow, inOrder, isHealthy } from './checks.js';
import { laggingHeads, newestHeadMs } from './heads.js';
import { unpolledQueues } from './queues.js';

const row = (check: CheckRow['check'], verdict: CheckRow['verdict']): CheckRow => ({
  check,
  subject: null,
  verdict,
  code: null,
  what: '',
  todo: null,
});

describe('a report', () => {
  it('is healthy with warnings, and not with a failure or a check that was not made', () => {
    expect(isHealthy([row('clocks', 'pass'), row('clocks', 'warn')])).toBe(true);
    expect(isHealthy([row('clocks', 'pass'), row('clocks', 'fail')])).toBe(false);
    expect(isHealthy([row('clocks', 'unchecked')])).toBe(false);
  });

  it('has the checks in their own order, whichever ended first', () => {
    const rows = [
      row('clocks', 'pass'),
      row('postgres.ledger', 'warn'),
      row('configuration', 'pass'),
    ];
    const order = inOrder(rows).map(({ check }) => check);
    expect(order).toEqual(['configuration', 'postgres.ledger', 'clocks']);
  });
});

describe('heads', () => {
  it('lag when they are more than what is allowed behind the newest', () => {
    const heads = [
      { name: 'a', headAtMs: 1_000 },
      { name: 'b', headAtMs: 900 },
      { name: 'c', headAtMs: 899 },
    ];
    expect(laggingHeads(heads, 100)).toEqual([{ name: 'c', behindMs: 101 }]);
    expect(newestHeadMs(heads)).toBe(1_000);
    expect([laggingHeads([], 100), newestHeadMs([])]).toEqual([[], null]);
  });
});

describe('queues', () => {
  const queue = (name: string, polledMs: number | null) => ({
    queue: name,
    kind: 'activity' as const,
    polledMs,
  });
  it('are unpolled when nobody polled them, or nobody for two minutes less than the others', () => {
    const seen = [queue('a', 500_000), queue('b', 379_999), queue('c', null), queue('d', 380_000)];
    expect(unpolledQueues(seen).map((one) => one.queue)).toEqual(['b', 'c']);
  });
});

describe('the balance', () => {
  const judge = (changes: Partial<Parameters<typeof judgeBalance>[0]>) => {
    const due = { balanceWei: 100n, keepInWalletWei: 10n, reservedWei: 40n, dueWei: 50n };
    const { verdict, code } = judgeBalance({ ...due, ...changes });
    return [verdict, code];
  };
  it('passes to the wei, warns below what the next round reserves, and fails below what is reserved', () => {
    expect(judge({})).toEqual(['pass', null]);
    expect(judge({ dueWei: 51n })).toEqual(['warn', 'WALLET_SHORT']);
    expect(judge({ balanceWei: 50n })).toEqual(['warn', 'WALLET_SHORT']);
    expect(judge({ balanceWei: 49n })).toEqual(['fail', 'WALLET_SHORT']);
    expect(judge({ balanceWei: 10n })).toEqual(['fail', 'WALLET_EMPTY']);
  });
  it('of an empty wallet is a warning while nothing is owed', () => {
    expect(judge({ balanceWei: 0n, reservedWei: 0n, dueWei: 0n })).toEqual([
      'warn',
      'WALLET_EMPTY',
    ]);
  });
});
