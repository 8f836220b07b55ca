import { describe, expect, it } from 'vitest';
import { isOnline, remoteWorkerKey } from './remote-worker.js';

const up = (dtMs: number, seq: number, lastReset: { dtMs: number; seq: number } | null = null) => ({
  ...{ up: true, changed: { dtMs, seq }, lastReset },
});

describe('a remote worker', () => {
  it('is online while one of its connections is up', () => {
    expect(isOnline([{ ...up(1, 1), up: false }, up(1, 2)])).toBe(true);
    expect(isOnline([{ ...up(1, 1), up: false }])).toBe(false);
    expect(isOnline([])).toBe(false);
  });

  it('is offline after a reset of the source until it connects again, also within the same second', () => {
    expect(isOnline([up(5, 1, { dtMs: 5, seq: 2 })])).toBe(false);
    expect(isOnline([up(5, 3, { dtMs: 5, seq: 2 })])).toBe(true);
    expect(isOnline([up(6, 1, { dtMs: 5, seq: 2 })])).toBe(true);
  });

  it('stays online when the orchestrator of another connection is reset', () => {
    expect(isOnline([up(1, 1, { dtMs: 9, seq: 9 }), up(1, 1)])).toBe(true);
  });

  it('has a key that no other has', () => {
    const worker = { payee: '0xaa', nodeType: 'ai', region: 'eu/ai' } as const;
    expect(remoteWorkerKey(worker)).toBe('0xaa/ai/eu/ai');
  });
});
