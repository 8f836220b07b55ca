/** Adds up what jobs earned by the UTC day of their own time, remote worker, pipeline and model. */
import type { Mutable } from './job-price.js';

/** What the jobs of one remote worker, day, pipeline and model came to. */
export interface DayEarnings {
  readonly workerKey: string;
  /** The beginning of the day in UTC, in milliseconds since 1970. */
  readonly dayMs: number;
  /** The pipeline of the jobs; empty when their events name none. */
  readonly pipeline: string;
  readonly modelId: string;
  readonly jobs: number;
  readonly computeUnits: bigint;
  readonly grossWei: bigint;
  readonly commissionWei: bigint;
}

/** The part of a credited job that its day needs. */
export interface DayJob extends Pick<DayEarnings, 'computeUnits' | 'grossWei' | 'commissionWei'> {
  /** The time of the event that had the fee. */
  readonly dtMs: number;
  readonly pipeline: string | null;
  readonly modelId: string | null;
}

export const DAY_MS = 86_400_000;
export const floorDay = (timeMs: number): number => Math.floor(timeMs / DAY_MS) * DAY_MS;

/** So many sums are found by looking at each of them, which is quicker than making a key. */
const FEW = 8;

/** Adds up the days of one remote worker, which has few days, pipelines and models in a batch. */
export class DayTally {
  private readonly few: Mutable<DayEarnings>[] = [];
  private readonly others = new Map<string, Mutable<DayEarnings>>();

  constructor(private readonly workerKey: string) {}

  add(job: DayJob): void {
    const sum = this.sumOf(job.dtMs, job.pipeline ?? '', job.modelId ?? '');
    sum.jobs += 1;
    sum.computeUnits += job.computeUnits;
    sum.grossWei += job.grossWei;
    sum.commissionWei += job.commissionWei;
  }

  result(): readonly DayEarnings[] {
    return this.others.size === 0 ? this.few : [...this.few, ...this.others.values()];
  }

  private sumOf(dtMs: number, pipeline: string, modelId: string): Mutable<DayEarnings> {
    for (const sum of this.few) {
      const isDay = dtMs >= sum.dayMs && dtMs < sum.dayMs + DAY_MS;
      if (isDay && sum.modelId === modelId && sum.pipeline === pipeline) return sum;
    }
    const dayMs = floorDay(dtMs);
    const none = { jobs: 0, computeUnits: 0n, grossWei: 0n, commissionWei: 0n };
    if (this.few.length < FEW) {
      const sum = { workerKey: this.workerKey, dayMs, pipeline, modelId, ...none };
      this.few.push(sum);
      return sum;
    }
    // No label of an event contains a NUL, so no two keys are the same text.
    const key = `${dayMs}\0${pipeline}\0${modelId}`;
    const known = this.others.get(key);
    if (known !== undefined) return known;
    const sum = { workerKey: this.workerKey, dayMs, pipeline, modelId, ...none };
    this.others.set(key, sum);
    return sum;
  }
}
