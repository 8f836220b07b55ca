import { expect, it } from 'vitest';
import { notByStale, viewCover } from './solvency.js';

it('claims nothing by a balance that the chain showed more than an hour ago', () => {
  const nowMs = Date.parse('2026-03-15T12:00:00Z');
  const seen = (agoMs: number | null) =>
    notByStale(
      { cover: 'covered', walletSeenAt: agoMs === null ? null : new Date(nowMs - agoMs) },
      nowMs,
    ).cover;
  expect([seen(0), seen(3_600_000), seen(3_600_001)]).toEqual(['covered', 'covered', 'unknown']);
  expect(viewCover({ cover: 'unknown' })).toMatchObject({ covered: null });
});
