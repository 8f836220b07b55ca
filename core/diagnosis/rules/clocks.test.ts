import { describe, expect, it } from 'vitest';
import { type ClockEvidence, judgeClocks } from './clocks.js';

const NOW = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const right: ClockEvidence = {
  nowMs: NOW,
  postgresMs: NOW + 40,
  temporalAfterMs: NOW - 20_000,
  temporalBeforeMs: NOW + 10_000,
  headMs: NOW - 250,
  maxHeadAgeMs: 600_000,
};
const judge = (changes: Partial<ClockEvidence>) =>
  judgeClocks({ ...right, ...changes }).map(({ whose, code }) => `${whose} ${code}`);

describe('the clocks', () => {
  it('are right when they agree, or when nobody can be asked', () => {
    expect(judge({})).toEqual([]);
    const nobody = {
      postgresMs: null,
      temporalAfterMs: null,
      temporalBeforeMs: null,
      headMs: null,
    };
    expect(judge(nobody)).toEqual([]);
  });

  it('name this machine when Postgres, Temporal and the chain all differ from it, in either direction', () => {
    expect(judge({ nowMs: NOW + HOUR_MS })).toEqual(['this machine CLOCK_OFF']);
    expect(judge({ nowMs: NOW - HOUR_MS })).toEqual(['this machine CLOCK_OFF']);
    expect(judge({ nowMs: NOW + HOUR_MS, postgresMs: null })).toEqual(['this machine CLOCK_OFF']);
  });

  it('name Postgres when the others agree with this machine', () => {
    expect(judge({ postgresMs: NOW + HOUR_MS })).toEqual(['Postgres CLOCK_OFF']);
    expect(judge({ postgresMs: NOW - HOUR_MS })).toEqual(['Postgres CLOCK_OFF']);
  });

  it('do not guess between the two where nobody else can tell', () => {
    expect(judge({ postgresMs: NOW - 15_000, headMs: NOW - 30_000 })).toEqual([
      'this machine or Postgres CLOCK_OFF',
    ]);
    const alone = { temporalAfterMs: null, temporalBeforeMs: null, headMs: null };
    const both = ['this machine or Postgres CLOCK_OFF'];
    expect(judge({ postgresMs: NOW - HOUR_MS, ...alone })).toEqual(both);
  });

  it('name Temporal, or a chain that stands, when the other two agree', () => {
    const early = { temporalAfterMs: NOW + HOUR_MS, temporalBeforeMs: null };
    expect(judge(early)).toEqual(['Temporal CLOCK_OFF']);
    expect(judge({ temporalBeforeMs: NOW - HOUR_MS })).toEqual(['Temporal CLOCK_OFF']);
    expect(judge({ headMs: NOW - HOUR_MS })).toEqual(['chain CHAIN_STANDS']);
    expect(judge({ headMs: NOW + HOUR_MS })).toEqual(['chain CLOCK_OFF']);
  });
});
