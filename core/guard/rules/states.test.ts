import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { figuresOf, quantileUs, type WorkerFigures } from './figures.js';
import { type Level, opinionOf } from './leaning.js';
import { GUARD_DEFAULTS, type GuardSettings } from './settings.js';
import { exclusionMs, newStanding, nextStanding, type Standing } from './states.js';

const MINUTE_MS = 60_000;
const EXCLUDING: GuardSettings = { ...GUARD_DEFAULTS, mode: 'exclude' };
const START_MS = Date.parse('2026-03-10T00:00:00Z');

/** Judges every `everyMs`, and returns the standings. */
function live(
  levels: readonly (Level | undefined)[],
  settings = EXCLUDING,
  everyMs = 5 * MINUTE_MS,
): readonly Standing[] {
  const standings: Standing[] = [newStanding(START_MS)];
  for (const [n, level] of levels.entries()) {
    const opinion = level === undefined ? undefined : { level, reason: `it is ${level}` };
    const before = standings.at(-1) ?? newStanding(START_MS);
    standings.push(nextStanding(before, opinion, { atMs: START_MS + (n + 1) * everyMs, settings }));
  }
  return standings;
}
const times = (count: number, level: Level | undefined) =>
  new Array<typeof level>(count).fill(level);
const changesOf = (standings: readonly Standing[]) =>
  standings.flatMap((one, i) => (i > 0 && one.state !== standings[i - 1]?.state ? one : []));
const anyLevel = fc.constantFrom<(Level | undefined)[]>(
  'good',
  'between',
  'warned',
  'excluded',
  undefined,
);

describe('the state of a worker', () => {
  it('goes from good to warned to excluded to probation and back, each after its time', () => {
    const levels = [...times(20, 'excluded'), ...times(80, undefined), ...times(10, 'good')];
    const changes = changesOf(live(levels));
    expect(changes.map(({ state }) => state)).toEqual(['warned', 'excluded', 'probation', 'good']);
    const [warned, excluded, probation] = changes;
    expect(Number(excluded?.sinceMs) - Number(warned?.sinceMs)).toBeGreaterThanOrEqual(
      60 * MINUTE_MS,
    );
    expect(Number(probation?.sinceMs) - Number(excluded?.sinceMs)).toBe(6 * 60 * MINUTE_MS);
    expect(excluded?.lifts).toContain('at 2026-03-10T07:25:00.000Z');
  });

  it('never swings: with any figures, changes are as far apart as what must last before them', () => {
    fc.assert(
      fc.property(fc.array(anyLevel, { maxLength: 300 }), (levels) => {
        let before: Standing | undefined;
        for (const change of changesOf(live(levels))) {
          const least = {
            good: EXCLUDING.recoverAfterMs,
            warned: EXCLUDING.warnAfterMs,
            excluded: EXCLUDING.excludeAfterMs,
            probation: EXCLUDING.excludeForMs,
          }[change.state];
          if (before !== undefined)
            expect(change.sinceMs - before.sinceMs).toBeGreaterThanOrEqual(least);
          before = change;
        }
      }),
    );
  });

  it('excludes nobody who was not warned before, and nobody at all when the pool only warns', () => {
    fc.assert(
      fc.property(fc.array(anyLevel, { maxLength: 200 }), (levels) => {
        const states = live(levels).map(({ state }) => state);
        for (const [i, state] of states.entries()) {
          if (state === 'excluded')
            expect(['warned', 'probation', 'excluded']).toContain(states[i - 1]);
        }
        const warning = live(levels, { ...EXCLUDING, mode: 'warn' });
        expect(warning.map(({ state }) => state)).not.toContain('excluded');
      }),
    );
  });

  it('stays as it is while figures are between the borders, or too few', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<(Level | undefined)[]>('between', undefined)),
        (levels) => {
          expect(changesOf(live(levels))).toEqual([]);
          const warned = { ...newStanding(START_MS), state: 'warned' as const };
          for (const level of levels) {
            const opinion = level && { level, reason: '' };
            const at = { atMs: START_MS + 1e9, settings: EXCLUDING };
            expect(nextStanding(warned, opinion, at).state).toBe('warned');
          }
        },
      ),
    );
  });

  it('is excluded for twice as long each time in a row, up to a limit', () => {
    const lengths = [1, 2, 3, 9].map((n) => exclusionMs(n, EXCLUDING) / 3_600_000);
    expect(lengths).toEqual([6, 12, 24, 168]);
    const excluded = { ...newStanding(START_MS), state: 'probation' as const, exclusions: 2 };
    const at = (ms: number) => ({ atMs: START_MS + ms, settings: EXCLUDING });
    const opinion = { level: 'warned' as const, reason: 'slow' };
    const leaning = nextStanding(excluded, opinion, at(0));
    expect(nextStanding(leaning, opinion, at(EXCLUDING.excludeAfterMs))).toMatchObject({
      state: 'excluded',
      exclusions: 3,
    });
  });

  it('ends an exclusion when the pool excludes nobody any more', () => {
    const excluded = { ...newStanding(START_MS), state: 'excluded' as const, exclusions: 1 };
    const settings: GuardSettings = { ...EXCLUDING, mode: 'warn' };
    expect(nextStanding(excluded, undefined, { atMs: START_MS + 1, settings }).state).toBe(
      'warned',
    );
  });
});

describe('what figures say', () => {
  const ratio = (value: number, samples = 50): WorkerFigures => ({
    hour: { realTimeRatio: { value, samples } },
  });

  it('is that a higher real-time ratio is better: ranking it ascending makes the slowest the best', () => {
    expect(opinionOf(ratio(0.4), EXCLUDING)?.level).toBe('excluded');
    expect(opinionOf(ratio(1.1), EXCLUDING)?.level).toBe('warned');
    expect(opinionOf(ratio(1.3), EXCLUDING)?.level).toBe('between');
    expect(opinionOf(ratio(4), EXCLUDING)?.level).toBe('good');
  });

  it('is that a longer response time is worse', () => {
    const bands = { responseMs: { warn: 2_000, exclude: 5_000, good: 1_000 } };
    const level = (value: number) =>
      opinionOf({ hour: { responseMs: { value, samples: 50 } } }, { ...EXCLUDING, bands })?.level;
    expect([900, 1_500, 3_000, 9_000].map(level)).toEqual([
      'good',
      'between',
      'warned',
      'excluded',
    ]);
  });

  it('is nothing below the floor of samples, and is asked of the shortest window that has enough', () => {
    expect(opinionOf(ratio(0.1, 19), EXCLUDING)).toBeUndefined();
    const figures = {
      ...ratio(0.1, 19),
      day: ratio(3, 40).hour ?? {},
      week: ratio(0.1, 90).hour ?? {},
    };
    expect(opinionOf(figures, EXCLUDING)).toMatchObject({
      level: 'good',
      reason: 'real-time ratio 3 by 40 jobs of the last day',
    });
  });

  it('says what was measured and which border that misses', () => {
    const success = { success: { value: 0.85, samples: 40 } };
    const opinion = opinionOf({ hour: { ...ratio(1.1).hour, ...success } }, EXCLUDING);
    expect(opinion?.reason).toBe(
      'real-time ratio 1.1 by 50 jobs of the last hour, below 1.2; success 85 % by 40 jobs of the last hour, below 90 %',
    );
  });
});

describe('figures', () => {
  const facts = {
    jobs: 2,
    received: 0,
    answered: 0,
    ratedJobs: 2,
    ratedDurationMs: 4_000,
    ratedResponseUs: 2_100_000,
    responses: new Array<number>(24).fill(0),
  };

  it('take the real-time ratio from the times, not from a field that drops what is behind the point', () => {
    const { realTimeRatio } = figuresOf(facts, { share: null, hours: 0 });
    expect(realTimeRatio).toEqual({ value: 1.905, samples: 2 });
  });

  it('find the time that a share of the jobs stays below, within its bucket', () => {
    const responses = facts.responses.map((_, i) => (i === 5 ? 90 : i === 9 ? 10 : 0));
    const low = quantileUs(responses, 0.5);
    expect(low).toBeGreaterThan(200_000);
    expect(low).toBeLessThan(282_843);
    expect(quantileUs(responses, 0.95)).toBeGreaterThan(800_000);
    expect(quantileUs(facts.responses, 0.95)).toBe(0);
  });
});
