import { describe, expect, inject, it } from 'vitest';
import { addCounts, type FaultCounts, neverInjected } from './fault-classes.js';
import { runSeed } from './seeds.js';
import { reportText } from './simulation-report.js';

const SEEDS = 200;
const SEED_TIMEOUT_MS = 300_000;

describe('two hundred seeds of orchestrators that misbehave, and a sync that is killed', () => {
  const injected: FaultCounts[] = [];

  it.each(Array.from({ length: SEEDS }, (_, i) => i + 1))(
    'seed %i: every event is counted once, to the wei',
    async (seed) => {
      const report = await runSeed(inject('postgresUrl'), seed);
      injected.push(report.injected);
      expect(report.passed, reportText(report)).toBe(true);
    },
    SEED_TIMEOUT_MS,
  );

  it('leave no class of fault out', () => {
    expect(injected).toHaveLength(SEEDS);
    expect(neverInjected(addCounts(injected))).toEqual([]);
  });
});
