import { describe, expect, it } from 'vitest';
import { type PolicyTerms, policyChanges, policyFacts } from './policy-terms.js';
import { changeWords, judgeFile, type TermsValues, type TermsVersion } from './terms.js';

const policy = (hash: string, options: unknown, module: string | null = null): PolicyTerms => ({
  module,
  options,
  hash,
});
const GOLD = { name: 'gold', fromJobs: 10_000, withinMs: 2_592_000_000, commissionBps: 1_500 };
const SPRING = { name: 'spring', from: '2026-03-01T00:00:00.000Z', commissionBps: 1_000 };
const before = policy('a', { tiers: [GOLD], promotions: [], admission: 'open' });

describe('a change of the policy', () => {
  it('is told by its place, with the values as a configuration has them', () => {
    const cheaper = [{ ...GOLD, commissionBps: 1_200, payoutThresholdWei: '5000000000000000' }];
    const after = policy('b', { tiers: cheaper, promotions: [SPRING], admission: 'invited' });
    expect(policyChanges(before, after)).toEqual([
      'tier gold: commission 15% → 12%',
      'admission open → invited',
      'tier gold: payout threshold none → 0.005 ETH',
      'promotion spring: from none → 2026-03-01T00:00:00.000Z',
      'promotion spring: commission none → 10%',
    ]);
    expect(policyChanges(after, after)).toEqual([]);
  });

  it('names somebody’s own code, and of its options only the names', () => {
    const code = policy('c', { secret: 'x' }, './mine.js');
    expect(policyChanges(before, code)).toEqual(['policy of the pool’s file → ./mine.js']);
    const other = policy('d', { secret: 'y' }, './mine.js');
    expect(policyChanges(code, other)).toEqual(['policy ./mine.js: other secret']);
  });
});

it('shows what the policy gives, without what was agreed with single workers', () => {
  const workers = { '0xab': { commissionBps: 100 } };
  expect(policyFacts(policy('e', { tiers: [GOLD], promotions: [SPRING], workers }))).toEqual([
    'tier gold: from jobs 10000, within 30d, commission 15%',
    'promotion spring: from 2026-03-01T00:00:00.000Z, commission 10%',
    'own terms: 1 worker',
  ]);
});

it('makes a version of the terms as other values do: only by an act with a date', () => {
  const values: TermsValues = {
    commissionBps: 2_500,
    rounding: 'commission-floor',
    thresholdWei: 1n,
    minIntervalMs: 0,
  };
  const times = { id: 1, fromMs: 0, namedMs: 0, recordedMs: 0, isWithdrawn: false };
  const ledger: readonly TermsVersion[] = [{ ...values, ...times, policy: before }];
  const file = { ...values, policy: policy('b', { tiers: [] }) };
  const judge = (one: TermsValues, namedMs: number | null) =>
    judgeFile({ values: one, namedMs }, ledger, 5_000);
  expect(judge({ ...values, policy: before }, null)).toEqual({ kind: 'agrees' });
  expect(judge(file, null)).toEqual({ kind: 'undated' });
  expect(judge(values, null)).toEqual({ kind: 'undated' });
  expect(judge(file, 9_000)).toEqual({ kind: 'act', namedMs: 9_000, fromMs: 9_000 });
  expect(changeWords({ ...values, policy: before }, { ...values, commissionBps: 500 })).toContain(
    'commission 25% → 5%, tier gold: ',
  );
});
