import { describe, expect, it } from 'vitest';
import { BACK_OFF, pauseMs, restMs } from './back-off.js';
import {
  isFor,
  NOTICE_KINDS,
  type NoticeFacts,
  type NoticeKind,
  PAYEE_KINDS,
} from './notice-kinds.js';
import { wordsOf } from './words.js';

const ANN = `0x${'a1'.repeat(20)}` as const;
const ofPayout = { payoutId: '1', payee: ANN, amountWei: '1000000000000000001', txHash: null };
const of = { source: 'us-1', code: 'A_CODE', words: 'nothing came for 2 h', severity: 'warning' };
const FACTS: NoticeFacts = {
  paid: ofPayout,
  reopened: ofPayout,
  refused: ofPayout,
  waiting: {
    ...ofPayout,
    code: 'FEE_ABOVE_CAP',
    reason: 'the fee is high',
    forWorker: 'The fee is high. Nothing is lost.',
    since: '2026-01-02T03:04:05.678Z',
    p95Ms: 7_200_000,
  },
  halted: { code: 'HALTED_BY_OPERATOR', reason: 'a secret reason', wallet: ANN },
  'halt-ended': { code: 'HALTED_BY_OPERATOR', wallet: ANN, remaining: 0 },
  'wallet-low': { wallet: ANN, balanceWei: '1', dueWei: '2', keepWei: '0' },
  'source-silent': of,
  'worker-state': {
    payee: ANN,
    nodeType: 'ai',
    region: 'eu',
    pipeline: 'llm',
    modelId: 'm',
    before: 'good',
    state: 'warned',
    reason: 'real-time ratio 0.8 by 40 jobs of the last hour, below 1',
    lifts: 'real-time ratio at least 1.5, for 30 min',
  },
  finding: of,
  drift: { check: 'audit', code: 'BALANCE_DRIFT', words: 'it is off by 1 wei', count: 2 },
  'worker-offline': {
    payee: ANN,
    nodeType: 'ai',
    region: 'eu',
    lastSeenAt: '2026-01-02T03:04:05.678Z',
    offlineAfterMs: 1_800_000,
  },
  'terms-change': {
    change: 'commission 25% → 20%',
    from: '2026-02-01T00:00:00.000Z',
    withdrawn: 1,
  },
  destination: {
    payee: ANN,
    from: ANN,
    to: `0x${'b2'.repeat(20)}`,
    effectiveAt: '2026-01-09T03:04:05.678Z',
  },
  invitation: { payee: ANN, isInvited: false },
  test: { target: 'ops' },
};
const say = <Kind extends NoticeKind>(kind: Kind, voice: 'operator' | 'worker') =>
  wordsOf(kind, FACTS[kind], voice);

describe('the words of a notice', () => {
  it.each(NOTICE_KINDS)('of kind %s are sentences that leave nothing open', (kind) => {
    for (const voice of ['operator', 'worker'] as const) {
      const { title, text } = say(kind, voice);
      expect(title.length).toBeLessThan(100);
      expect(`${title}\n${text}`).not.toMatch(/undefined|null|NaN|\.\.\s|\[object/);
      expect(text).toMatch(/^[A-Z0-9].*[.…](\s|$)/s);
    }
  });

  it('give amounts in ETH, exact, and tell workers none of the operator’s business', () => {
    expect(say('paid', 'worker').title).toBe('You were paid 1.000000000000000001 ETH');
    for (const kind of PAYEE_KINDS) {
      const { title, text } = say(kind, 'worker');
      expect(`${title} ${text}`).not.toMatch(/openpool |docs\/|[A-Z]{3,}_[A-Z]|a secret/);
    }
  });
});

describe('how a worker stands', () => {
  const worker = (more: Partial<NoticeFacts['worker-state']>) =>
    wordsOf('worker-state', { ...FACTS['worker-state'], ...more }, 'worker').text;

  it('promises to pay as before only where nothing can keep a payout back', () => {
    expect(worker({ paidAsBefore: true })).toContain('is paid as before');
    for (const unknown of [worker({ paidAsBefore: false }), worker({})]) {
      expect(unknown).toContain('What you earned is yours.');
      expect(unknown).not.toContain('as before');
    }
    expect(worker({ state: 'good', lifts: null })).not.toContain('What you earned');
  });
});

describe('who is told', () => {
  const to = { id: 't', payee: ANN, only: null };
  const about = (kind: NoticeKind, payee: typeof ANN | null, targetId: string | null = null) => ({
    kind,
    payee,
    targetId,
  });

  it('a payee is told what concerns it or all payees, and operators everything', () => {
    for (const kind of NOTICE_KINDS) {
      expect(isFor({ ...to, payee: null }, about(kind, null))).toBe(true);
      const isForAll = ['halted', 'halt-ended', 'terms-change'].includes(kind);
      expect(isFor(to, about(kind, null))).toBe(isForAll);
    }
    expect(isFor(to, about('paid', ANN))).toBe(true);
    expect(isFor(to, about('paid', `0x${'b2'.repeat(20)}` as typeof ANN))).toBe(false);
  });

  it('a target can choose kinds, and a notice its target', () => {
    expect(isFor({ ...to, only: ['refused'] }, about('paid', ANN))).toBe(false);
    expect(isFor({ ...to, only: ['refused'] }, about('refused', ANN))).toBe(true);
    expect(isFor(to, about('worker-offline', ANN, 'other'))).toBe(false);
    expect(isFor(to, about('worker-offline', ANN, 't'))).toBe(true);
  });
});

describe('trying again', () => {
  const backOff = { ...BACK_OFF, giveUpAfterMs: 0 };
  it('pauses longer each time, to a limit, and rests a twelfth of that at most', () => {
    expect([1, 2, 3, 99].map((tries) => pauseMs(tries, backOff, 0))).toEqual([
      10_000, 20_000, 40_000, 3_600_000,
    ]);
    expect(pauseMs(1, backOff, 1)).toBe(12_500);
    expect([1, 2, 3, 4, 99].map((failures) => restMs(failures, backOff, 0))).toEqual([
      0, 0, 10_000, 20_000, 300_000,
    ]);
  });
});
