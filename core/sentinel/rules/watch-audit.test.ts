import { describe, expect, it } from 'vitest';
import { watchAudit } from './watch-audit.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const nowMs = Date.parse('2026-11-01T00:00:00Z');
const figures = { checkedMs: nowMs - HOUR_MS, wholeMs: nowMs - DAY_MS, sinceMs: 0, nowMs };

describe('what the sentinel says of the audit', () => {
  it('is nothing while it runs every hour and gets through the history in time, and before there is a ledger', () => {
    expect(watchAudit(figures)).toEqual([]);
    expect(watchAudit({ ...figures, checkedMs: null, wholeMs: null, sinceMs: null })).toEqual([]);
    expect(watchAudit({ ...figures, checkedMs: null, wholeMs: null, sinceMs: nowMs })).toEqual([]);
  });

  it('is grave when none has ended for hours, and a warning when the history is not proved in time', () => {
    expect(watchAudit({ ...figures, checkedMs: nowMs - 4 * HOUR_MS })).toMatchObject([
      { code: 'AUDIT_LATE', severity: 'grave', words: expect.stringContaining('4 h ago') },
    ]);
    expect(watchAudit({ ...figures, checkedMs: null })).toMatchObject([
      { severity: 'grave', words: 'the ledger was never held against itself' },
    ]);
    expect(watchAudit({ ...figures, wholeMs: nowMs - 91 * DAY_MS })).toMatchObject([
      { subject: 'history', severity: 'warning' },
    ]);
  });
});
