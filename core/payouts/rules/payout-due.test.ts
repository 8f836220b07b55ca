import { describe, expect, it } from 'vitest';
import { firstShut } from './gates.js';
import {
  admissionNow,
  type Lifter,
  NO_RULE,
  NO_VERDICTS,
  NOT_INVITED,
  type OwnWishes,
  type PayeeRule,
  type PayeeVerdicts,
  type SaidAdmission,
} from './payee-rule.js';
import type { PayeeStanding } from './payout.js';
import { type DueRules, decideDue, dueGates } from './payout-due.js';

const now = new Date('2025-02-03T12:00:00Z');
const terms = { thresholdWei: 100n, minIntervalMs: 3_600_000 };
const rules: DueRules = {
  now,
  terms,
  bounds: { leastWei: 20n, mostWei: 200n },
  gasPriceWei: 1n,
};
const underWay = {
  id: 'p',
  state: 'signed',
  waitCode: 'WALLET_EMPTY',
  waitReason: 'top it up',
} as const;
const standing: PayeeStanding = {
  payee: '0x00000000000000000000000000000000000000aa',
  pendingWei: 100n,
  underWay: null,
  unpayableReason: null,
  isWallet: false,
  lastPayoutAt: null,
  verdicts: NO_VERDICTS,
  gas: null,
};

describe('a payee', () => {
  it('is due from the threshold on', () => {
    expect(decideDue(standing, rules)).toEqual({ due: true });
    expect(decideDue({ ...standing, pendingWei: 10n ** 30n }, rules)).toEqual({ due: true });
  });

  it('is due again when the minimum interval has passed', () => {
    const lastPayoutAt = new Date(now.getTime() - terms.minIntervalMs);
    expect(decideDue({ ...standing, lastPayoutAt }, rules)).toEqual({ due: true });
  });

  it.each<[string, Partial<PayeeStanding>, RegExp]>([
    ['OPEN_PAYOUT', { underWay }, /under way/],
    ['UNPAYABLE', { unpayableReason: 'it refused in 0xab' }, /it refused in 0xab/],
    ['PAYEE_IS_WALLET', { isWallet: true }, /a wallet of the pool itself/],
    ['NEGATIVE', { pendingWei: -1n }, /owes the pool/],
    ['NOTHING_PENDING', { pendingWei: 0n }, /nothing/],
    [
      'BELOW_THRESHOLD',
      { pendingWei: 99n },
      /0.000000000000000099 ETH \(99 wei\) pending is below/,
    ],
    ['TOO_SOON', { lastPayoutAt: new Date(now.getTime() - 1) }, /2025-02-03T12:59:59.999Z/],
    ['TOO_SOON', { lastPayoutAt: new Date(now.getTime() + 5) }, /minimum interval/],
  ])('is not due, and told why: %s', (code, change, words) => {
    const decision = decideDue({ ...standing, ...change }, rules);
    expect(decision).toMatchObject({ due: false, code, reason: expect.stringMatching(words) });
  });
});

const said = (rule: Partial<PayeeRule>, more: Partial<PayeeVerdicts> = {}) => ({
  verdicts: { ...NO_VERDICTS, rule: { ...NO_RULE, ...rule }, ...more },
});
const wished = (wishes: Partial<OwnWishes>, rule: Partial<PayeeRule> = {}) =>
  said(rule, { wishes: { ...NO_VERDICTS.wishes, ...wishes } });
const refused = (code: string, liftedBy: Lifter) =>
  said({}, { admission: { admitted: false, code, reason: 'so it is', liftedBy } });
const gas = { transferGas: 21n, burntGasWei: 0n, ripeSince: now };

describe('a payee with terms of its own', () => {
  it.each<[string, Partial<PayeeStanding>, string | null]>([
    ['of a lower threshold', { ...said({ thresholdWei: 50n }), pendingWei: 50n }, null],
    ['of a higher threshold', said({ thresholdWei: 101n }), 'BELOW_THRESHOLD'],
    [
      'of no threshold, with nothing',
      { ...said({ thresholdWei: 0n }), pendingWei: 0n },
      'NOTHING_PENDING',
    ],
    ['of no threshold, in debt', { ...said({ thresholdWei: 0n }), pendingWei: -1n }, 'NEGATIVE'],
    ['of no threshold, with a wei', { ...said({ thresholdWei: 0n }), pendingWei: 1n }, null],
    ['of no interval', { ...said({ minIntervalMs: 0 }), lastPayoutAt: now }, null],
    [
      'of a longer interval',
      { ...said({ minIntervalMs: 7_200_000 }), lastPayoutAt: new Date(now.getTime() - 3_600_000) },
      'TOO_SOON',
    ],
    ['that wished a threshold', wished({ thresholdWei: 150n }), 'BELOW_THRESHOLD'],
    [
      'whose wish goes before the rule',
      wished({ thresholdWei: 90n }, { thresholdWei: 199n }),
      null,
    ],
    [
      'whose wish is below the bounds',
      { ...wished({ thresholdWei: 1n }), pendingWei: 19n },
      'BELOW_THRESHOLD',
    ],
    [
      'whose wish is above the bounds',
      { ...wished({ thresholdWei: 999n }), pendingWei: 200n },
      null,
    ],
    ['that paused', wished({ pausedSince: now }), 'PAUSED_BY_PAYEE'],
    ['that is held', said({ holdReason: 'too slow' }), 'HELD_BY_POLICY'],
    ['that nobody invited', refused(NOT_INVITED, 'pool'), 'NOT_INVITED'],
    ['that is not admitted for another reason', refused('REGION_CLOSED', 'nobody'), 'NOT_ADMITTED'],
    ['whose gas is within its share', { ...said({ maxGasShareBps: 2_100 }), gas }, null],
    [
      'whose gas is a little above its share',
      { ...said({ maxGasShareBps: 2_099 }), gas },
      'GAS_TOO_DEAR',
    ],
    [
      'whose gas was burnt before',
      { ...said({ maxGasShareBps: 2_100 }), gas: { ...gas, burntGasWei: 1n } },
      'GAS_TOO_DEAR',
    ],
    [
      'whose latest day is a moment away',
      { ...said({ maxGasShareBps: 0, latestAfterMs: 1 }), gas },
      'GAS_TOO_DEAR',
    ],
    ['whose latest day has come', { ...said({ maxGasShareBps: 0, latestAfterMs: 0 }), gas }, null],
    [
      'whose latest day does not count yet',
      { ...said({ maxGasShareBps: 0, latestAfterMs: 0 }), gas: { ...gas, ripeSince: null } },
      'GAS_TOO_DEAR',
    ],
  ])('%s is paid by them', (_, change, code) => {
    const decision = decideDue({ ...standing, ...change }, rules);
    expect(decision).toMatchObject(code === null ? { due: true } : { due: false, code });
  });

  it('is told who can change it, and what the policy says, in its own words', () => {
    const shut = (change: Partial<PayeeStanding>) =>
      firstShut(dueGates({ ...standing, ...change }, rules));
    expect(shut(refused('REGION_CLOSED', 'you'))).toMatchObject({
      name: 'admission',
      code: 'NOT_ADMITTED',
      reason: 'REGION_CLOSED: so it is',
      opener: 'payee',
    });
    expect(shut(refused('X', 'nobody'))?.opener).toBe('nobody');
    expect(shut(said({ holdReason: 'too slow' }))?.reason).toContain('too slow');
    const late = { ...said({ maxGasShareBps: 0, latestAfterMs: 3_600_000 }), gas };
    expect(shut(late)?.reason).toMatch(
      /more than 0% of what is pending.*latest from 2025-02-03T13/,
    );
  });

  it('is measured by no gas while the base fee was never seen', () => {
    const dear = { ...standing, ...said({ maxGasShareBps: 0 }), gas };
    expect(decideDue(dear, { ...rules, gasPriceWei: null })).toEqual({ due: true });
  });

  it('is paid on request in spite of what saves gas, or of what is said against it, and of each alone', () => {
    const little = { ...standing, ...said({ thresholdWei: 101n, maxGasShareBps: 0 }), gas };
    const both = { ...little, ...refused(NOT_INVITED, 'pool'), pendingWei: 99n };
    const ask = (one: PayeeStanding, amount: boolean, refusal: boolean) => {
      const verdict = decideDue(one, rules, { amount, refusal });
      return verdict.due ? 'due' : verdict.code;
    };
    expect(ask(little, true, false)).toBe('due');
    expect(ask(both, true, false)).toBe('NOT_INVITED');
    expect(ask(both, false, true)).toBe('BELOW_THRESHOLD');
    expect(ask(both, true, true)).toBe('due');
    expect(ask({ ...both, pendingWei: 0n }, true, true)).toBe('NOTHING_PENDING');
    expect(ask({ ...both, isWallet: true }, true, true)).toBe('PAYEE_IS_WALLET');
  });
});

describe('an admission', () => {
  const no = { admitted: false, code: NOT_INVITED, reason: 'no', liftedBy: 'pool' } as const;
  const yes = { admitted: true, reason: 'yes' } as const;
  const other = { ...no, code: 'REGION_CLOSED' };
  it.each<[string, SaidAdmission | null, boolean, string | null]>([
    ["is everybody's while nothing was said", null, false, null],
    ['is refused as was said', { ...no, invited: false }, false, NOT_INVITED],
    ['is given by an invitation at once', { ...no, invited: false }, true, null],
    [
      'is not given by an invitation where something else was said',
      { ...other, invited: false },
      true,
      'REGION_CLOSED',
    ],
    ['stays without an invitation where none was needed', { ...yes, invited: false }, false, null],
    ['ends with the invitation at once', { ...yes, invited: true }, false, NOT_INVITED],
    ['stays while the invitation does', { ...yes, invited: true }, true, null],
  ])('%s', (_, answer, isInvited, code) => {
    const admission = admissionNow(answer, isInvited);
    expect(admission.admitted ? null : admission.code).toBe(code);
  });
});
