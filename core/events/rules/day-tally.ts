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

/** Adds up the days of one remote worker. Jobs come mostly in a row of one day and model, which needs no look-up. */
export class DayTally {
  private last: Mutable<DayEarnings> | undefined;
  private readonly days = new Map<string, Mutable<DayEarnings>>();

  constructor(private readonly workerKey: string) {}

  add(job: DayJob): void {
    const pipeline = job.pipeline ?? '';
    const modelId = job.modelId ?? '';
    const { last } = this;
    const isLast =
      last !== undefined &&
      job.dtMs >= last.dayMs &&
      job.dtMs < last.dayMs + DAY_MS &&
      last.modelId === modelId &&
      last.pipeline === pipeline;
    const sum = isLast ? last : this.dayOf(floorDay(job.dtMs), pipeline, modelId);
    sum.jobs += 1;
    sum.computeUnits += job.computeUnits;
    sum.grossWei += job.grossWei;
    sum.commissionWei += job.commissionWei;
    this.last = sum;
  }

  result(): readonly DayEarnings[] {
    return [...this.days.values()];
  }

  private dayOf(dayMs: number, pipeline: string, modelId: string): Mutable<DayEarnings> {
    // No label of an event contains a NUL, so no two keys are the same text.
    const key = `${dayMs}\0${pipeline}\0${modelId}`;
    const known = this.days.get(key);
    if (known !== undefined) return known;
    const none = { jobs: 0, computeUnits: 0n, grossWei: 0n, commissionWei: 0n };
    const day = { workerKey: this.workerKey, dayMs, pipeline, modelId, ...none };
    this.days.set(key, day);
    return day;
  }
}
