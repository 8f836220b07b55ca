import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addStep, type PlannedRate, rateAt, rowsOfPlan } from './worker-rates.js';

const POLICY = { policy: 'terms', policyVersion: '1', optionsHash: 'h' };
const rate = (fromMs: number, commissionBps: number): PlannedRate => ({
  ...POLICY,
  fromMs,
  commissionBps,
  bonusBps: 0,
  reason: `${commissionBps}`,
});
const step = (id: number, fromMs: number, commissionBps: number) => ({
  ...rate(fromMs, commissionBps),
  id,
});
const told = (rows: readonly PlannedRate[]) =>
  rows.map(({ fromMs, commissionBps }) => [fromMs, commissionBps]);

describe('the rates of a worker', () => {
  it('hold from their first moment on, and a later row replaces what was announced for after it', () => {
    const steps = [step(1, 0, 2_500)];
    addStep(steps, step(2, 900, 1_000));
    expect(rateAt(steps, 899)?.id).toBe(1);
    expect(rateAt(steps, 900)?.id).toBe(2);
    addStep(steps, step(3, 500, 2_000));
    expect(rateAt(steps, 5_000)?.id).toBe(3);
    expect(rateAt(steps, -1)).toBeUndefined();
  });

  it('are written only where a plan differs from what holds', () => {
    const steps = [step(1, 0, 2_500), step(2, 900, 1_000)];
    expect(rowsOfPlan([rate(100, 2_500), rate(900, 1_000)], steps, 100)).toEqual([]);
    expect(told(rowsOfPlan([rate(100, 2_500)], steps, 100))).toEqual([[100, 2_500]]);
    expect(told(rowsOfPlan([rate(100, 2_500), rate(800, 1_000)], steps, 100))).toEqual([
      [800, 1_000],
    ]);
    expect(told(rowsOfPlan([rate(100, 2_500), rate(950, 1_000)], steps, 100))).toEqual([
      [100, 2_500],
      [950, 1_000],
    ]);
    expect(
      told(rowsOfPlan([rate(100, 2_500), rate(900, 1_000), rate(990, 1)], steps, 100)),
    ).toEqual([[990, 1]]);
  });

  it('begin now at the earliest, with what the plan says of now', () => {
    const plan = [rate(10, 1), rate(20, 2), rate(90, 3)];
    expect(told(rowsOfPlan(plan, [], 50))).toEqual([
      [50, 2],
      [90, 3],
    ]);
  });

  it('are those of the plan from its beginning on, and what they were before, after any history of plans', () => {
    const plans = fc.array(
      fc.record({
        nowMs: fc.integer({ min: 1, max: 20 }),
        plan: fc.array(
          fc.record({
            fromMs: fc.integer({ min: 0, max: 30 }),
            bps: fc.integer({ min: 0, max: 2 }),
          }),
          { minLength: 1, maxLength: 4 },
        ),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(plans, (acts) => {
        const steps: ReturnType<typeof step>[] = [];
        let [id, nowMs] = [0, 0];
        for (const act of acts) {
          nowMs += act.nowMs;
          const plan = act.plan.map(({ fromMs, bps }) => rate(fromMs, bps));
          const before = [...steps];
          for (const row of rowsOfPlan(plan, steps, nowMs)) addStep(steps, { ...row, id: ++id });
          const sorted = [...plan].sort((a, b) => a.fromMs - b.fromMs);
          const beginsMs = Math.max(nowMs, sorted[0]?.fromMs ?? 0);
          for (let ms = 0; ms < 160; ms += 1) {
            const due = ms < beginsMs ? rateAt(before, ms) : rateAt(sorted, ms);
            expect(rateAt(steps, ms)?.commissionBps, `at ${ms}`).toBe(due?.commissionBps);
          }
        }
      }),
    );
  });
});
