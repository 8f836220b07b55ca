import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatJobHandle, parseJobHandle } from './job-handle.js';

it('formats the key of a job as one word', () => {
  const key = { sourceId: 'orch-1', dtMs: Date.parse('2026-03-01T12:00:00Z'), eventId: '17' };
  expect(formatJobHandle(key)).toBe('orch-1/2026-03-01T12:00:00Z/17');
});

it('parses back every handle that it formatted, whatever the event id looks like', () => {
  const key = fc.record({
    sourceId: fc.stringMatching(/^[a-z0-9][a-z0-9-]*$/),
    dtMs: fc.integer({ min: Date.UTC(2015, 0, 1), max: Date.UTC(2999, 0, 1) }),
    eventId: fc.string({ minLength: 1, maxLength: 50 }),
  });
  fc.assert(
    fc.property(key, (one) => {
      expect(parseJobHandle(formatJobHandle(one))).toEqual(one);
    }),
  );
});

it.each([
  '',
  'one',
  'one/17',
  'one/yesterday/17',
  'one/2026-02-31T00:00:61Z/1',
  'one/2026-03-01/1',
  'one/2026-02-30T00:00:00Z/1',
  'one/0000-01-01T00:00:00Z/1',
  'one/2026-03-01T24:00:00Z/1',
  'one/2026-03-01T00:00:00Z/a\0b',
])('refuses "%s"', (text) => {
  expect(() => parseJobHandle(text)).toThrow('is no job');
});
