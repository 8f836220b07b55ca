import { describe, expect, it } from 'vitest';
import { conditionsOf } from './finding.js';
import { type PayoutFigures, watchAudit, watchEndpoints, watchPayouts } from './watch-pool.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const now = new Date('2026-11-01T00:00:00Z');
const ago = (ms: number) => new Date(now.getTime() - ms);
const figures = { checkedAt: ago(HOUR), wholeAt: ago(DAY), since: new Date(0), now };

describe('what the sentinel says of the audit', () => {
  it('is nothing while it runs every hour and gets through the history in time, and before there is a ledger', () => {
    expect(watchAudit(figures)).toEqual([]);
    expect(watchAudit({ ...figures, checkedAt: null, wholeAt: null, since: null })).toEqual([]);
    expect(watchAudit({ ...figures, checkedAt: null, wholeAt: null, since: now })).toEqual([]);
  });

  it('is grave when none has ended for hours, and a warning when the history is not proved in time', () => {
    expect(watchAudit({ ...figures, checkedAt: ago(4 * HOUR) })).toMatchObject([
      { code: 'AUDIT_LATE', severity: 'grave', words: expect.stringContaining('4 h ago') },
    ]);
    expect(watchAudit({ ...figures, checkedAt: null })).toMatchObject([
      { severity: 'grave', words: 'the ledger was never held against itself' },
    ]);
    expect(watchAudit({ ...figures, wholeAt: ago(91 * DAY) })).toMatchObject([
      { subject: 'history' },
    ]);
  });
});

const QUIET: PayoutFigures = {
  roundIntervalMs: HOUR,
  sinceRoundMs: HOUR,
  leftOut: 0,
  stuckSagas: [],
};
const look = (changes: Partial<PayoutFigures>) =>
  watchPayouts({ ...QUIET, ...changes }).map(({ code, words }) => `${code} ${words}`);

it('tells of rounds that do not end, of payees left out and of sagas that fail, and of nothing else', () => {
  expect(look({})).toEqual([]);
  expect(look({ sinceRoundMs: 2 * HOUR + 600_000 })).toEqual([]);
  expect(look({ sinceRoundMs: 2 * HOUR + 600_001 })).toEqual([
    'ROUND_LATE no payout round has ended for 2 h, and one is due every 1 h: nobody is paid meanwhile',
  ]);
  expect(look({ sinceRoundMs: 100 * HOUR, roundIntervalMs: null })).toEqual([]);
  expect(look({ leftOut: 1 })).toEqual([
    'ROUND_LEFT_OUT the last payout round could not reserve for 1 payee and left them out; the others were paid',
  ]);
  const stuckSagas = [{ workflowId: 'north/payout/1', failure: 'a bad deploy', times: 2 }];
  expect(look({ stuckSagas })).toEqual([
    'SAGA_STUCK the saga north/payout/1 fails and was started anew 2 times: a bad deploy',
  ]);
});

const endpoint = (name: string, silentMs: number, isKnown = false) => ({
  name,
  silentMs,
  isKnown,
  why: 'HTTP 403',
});

describe('an endpoint that gives no usable answer', () => {
  it('is a finding after a quarter of an hour, a grave one when too few are left to agree', () => {
    const all = (first: number, second: number) =>
      conditionsOf(
        '',
        watchEndpoints([endpoint('a:1', first), endpoint('b:2', second), endpoint('c:3', 0)], 2),
      );
    expect(all(14 * MINUTE, 0)).toEqual([]);
    expect(all(16 * MINUTE, 0)).toMatchObject([
      { code: 'RPC_SILENT', subject: 'a:1', severity: 'warning', sourceId: '' },
    ]);
    expect(all(16 * MINUTE, 20 * MINUTE)).toMatchObject([
      { subject: 'a:1', severity: 'grave' },
      { subject: 'b:2', severity: 'grave' },
    ]);
  });

  it('stays one for a process that has just begun to ask it, until it answers', () => {
    expect(watchEndpoints([endpoint('a:1', 10, true)], 1)).toHaveLength(1);
    expect(watchEndpoints([endpoint('a:1', 0, true)], 1)).toEqual([]);
  });
});
