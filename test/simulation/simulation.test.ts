import { describe, expect, inject, it } from 'vitest';
import { addCounts, type FaultCounts, neverInjected } from './fault-classes.js';
import { runSeed } from './seeds.js';
import { planSimulation } from './simulation-plan.js';
import { reportText } from './simulation-report.js';

/** A seed takes a few seconds, and more on a busy machine. */
const SEED_TIMEOUT_MS = 120_000;
const TEN = Array.from({ length: 10 }, (_, i) => i + 1);

describe('orchestrators that misbehave, and a sync that is killed', () => {
  const injected: FaultCounts[] = [];

  it.each(TEN)(
    'seed %i: every event is counted once, to the wei',
    async (seed) => {
      const report = await runSeed(inject('postgresUrl'), seed);
      injected.push(report.injected);
      expect(report.passed, reportText(report)).toBe(true);
      expect(report.events).toBeGreaterThan(500);
      expect(report.orderFreeJobs / report.jobs).toBeGreaterThan(0.7);
    },
    SEED_TIMEOUT_MS,
  );

  it('leave no class of fault out', () => {
    expect(injected).toHaveLength(TEN.length);
    expect(neverInjected(addCounts(injected))).toEqual([]);
  });

  it('catch a manager that asks from its last poll on and knows events by their ids', async () => {
    const reports = [];
    for (const seed of TEN.slice(0, 2)) {
      reports.push(await runSeed(inject('postgresUrl'), seed, 'naive'));
    }
    for (const report of reports) {
      expect(report.passed).toBe(false);
      expect(report.lost, reportText(report)).toBeGreaterThan(0);
      expect(report.driftWei).not.toBe('0');
    }
    expect(reports.reduce((sum, { twice }) => sum + twice, 0)).toBeGreaterThan(0);
  });

  it('do the same again for the same seed', () => {
    expect(planSimulation(3)).toEqual(planSimulation(3));
    expect(planSimulation(3)).not.toEqual({ ...planSimulation(4), seed: 3 });
  });
});
