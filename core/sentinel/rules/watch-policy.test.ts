import { describe, expect, it } from 'vitest';
import { watchBonuses, watchPolicy } from './watch-policy.js';

const PAYEE = '0x00000000000000000000000000000000000000aa';

describe('a policy that fails', () => {
  it('is a finding for each of its functions, which says what is wrong, what holds and what to do', () => {
    const failure = { policy: 'mine', policyVersion: '2', payee: PAYEE, payees: 3 } as const;
    const [found] = watchPolicy([{ ...failure, about: 'terms', wrong: 'it failed: no table' }]);
    expect(found).toMatchObject({ code: 'POLICY_FAILED', subject: 'terms', measure: 3 });
    expect(found?.words).toBe(
      'the policy mine 2 fails about the commission of 3 payees: it failed: no table. What it said last stays in force, and nobody is paid less; try a corrected one with openpool policy check',
    );
    expect(found?.figures['payee']).toBe(PAYEE);
    const [unusable] = watchPolicy([
      { ...failure, about: 'load', policyVersion: '', payee: null, payees: 0, wrong: 'no file' },
    ]);
    expect(unusable?.words).toContain('the policy mine cannot be used: no file');
  });

  it('is none while it answers well', () => {
    expect(watchPolicy([])).toEqual([]);
  });
});

it('finds a bonus of which more is due than its budget has', () => {
  const [found] = watchBonuses([{ since: '', spentWei: 10n ** 18n, shortWei: 7n }]);
  expect(found).toMatchObject({ code: 'BONUS_SPENT', figures: { shortWei: '7' } });
  expect(found?.words).toMatch(/budget of the bonus is spent/);
});
