/** Adds up what jobs earned by the UTC day of their own time, remote worker, pipeline and model. */
import type { Mutable } from './job-price.js';
import { SpanCells } from './sums/span-cells.js';

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

/** Adds up the days of one remote worker. */
export class DayTally {
  private readonly cells: SpanCells<Mutable<DayEarnings>>;

  constructor(workerKey: string) {
    this.cells = new SpanCells(DAY_MS, (dayMs, pipeline, modelId) => ({
      workerKey,
      dayMs,
      pipeline,
      modelId,
      jobs: 0,
      computeUnits: 0n,
      grossWei: 0n,
      commissionWei: 0n,
    }));
  }

  add(job: DayJob): void {
    const sum = this.cells.at(job.dtMs, job.pipeline ?? '', job.modelId ?? '');
    sum.jobs += 1;
    sum.computeUnits += job.computeUnits;
    sum.grossWei += job.grossWei;
    sum.commissionWei += job.commissionWei;
  }

  result(): readonly DayEarnings[] {
    return this.cells.rows();
  }
}
