import { describe, expect, it } from 'vitest';
import { watchEndpoints } from './watch-sends.js';

const MINUTE = 60_000;
const endpoint = (name: string, silentMs: number, isKnown = false) => ({
  ...{ name, silentMs, isKnown },
  why: 'HTTP 403',
});

describe('an endpoint that gives no usable answer', () => {
  it('is a finding after a quarter of an hour, a grave one when too few are left to agree', () => {
    const all = (first: number, second: number) =>
      watchEndpoints([endpoint('a:1', first), endpoint('b:2', second), endpoint('c:3', 0)], 2);
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
