import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../dev/kit/random.js';
import { DAY_MS, DayTally, floorDay } from './day-tally.js';

describe('the days of a worker', () => {
  it.each([2, 40])('add up by day, pipeline and model, with %i models', (models) => {
    const draw = createRandom(models);
    const tally = new DayTally('w');
    const due = new Map<string, bigint>();
    for (let n = 0; n < 2_000; n += 1) {
      const dtMs = draw.int(0, 3) * DAY_MS + draw.int(0, DAY_MS - 1);
      const [pipeline, modelId] = [draw.int(0, 1) === 0 ? null : 'p', `m${draw.int(1, models)}`];
      const grossWei = BigInt(draw.int(0, 99));
      tally.add({ dtMs, pipeline, modelId, grossWei, commissionWei: 1n, computeUnits: 2n });
      const key = `${floorDay(dtMs)} ${pipeline ?? ''} ${modelId}`;
      due.set(key, (due.get(key) ?? 0n) + grossWei);
    }
    const found = tally.result();
    const keyOf = ({ dayMs, pipeline, modelId }: (typeof found)[number]) =>
      `${dayMs} ${pipeline} ${modelId}`;
    expect(new Map(found.map((sum) => [keyOf(sum), sum.grossWei]))).toEqual(due);
    expect(found).toHaveLength(due.size);
    expect(found.reduce((jobs, sum) => jobs + sum.jobs, 0)).toBe(2_000);
    expect(found.every((sum) => sum.commissionWei * 2n === sum.computeUnits)).toBe(true);
  });
});
