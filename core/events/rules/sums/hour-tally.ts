/** Adds up how jobs went by the UTC hour, remote worker, pipeline and model: what the performance guard judges by. */
import { HOUR_MS, type Mutable } from '../job-price.js';
import type { JobContent } from '../reading/event-content.js';
import { SpanCells } from './span-cells.js';

/** The sums of one remote worker, hour, pipeline and model. All of them add up over hours, so any window is a sum of rows. */
export interface HourFacts {
  /** The beginning of the hour in UTC, in milliseconds since 1970. */
  readonly hourMs: number;
  /** The pipeline of the jobs; empty when their events name none. */
  readonly pipeline: string;
  readonly modelId: string;
  /** Processed jobs that were credited to the worker, in the hour of the event that had the fee. */
  readonly jobs: number;
  /** AI jobs that were handed to the worker, in the hour of the `job-received`. */
  readonly received: number;
  /** How many of `received` were then processed, whenever that was. */
  readonly answered: number;
  /** Jobs with both a duration and a response time: those that have a real-time ratio. */
  readonly ratedJobs: number;
  /** Rated jobs that took longer than the video is. */
  readonly slowJobs: number;
  readonly ratedDurationMs: number;
  readonly ratedResponseUs: number;
  /** Jobs that say that they took no time at all. */
  readonly instantJobs: number;
  /** Response time and compute units of the jobs that took some time. */
  readonly responseUs: number;
  readonly timedUnits: bigint;
  /** How many jobs that took some time are in each bucket of `responseBucket`. */
  readonly responses: readonly number[];
}

/** The buckets of response times: each is wider than the one before by the square root of two. */
export const RESPONSE_BUCKETS = 24;
const FIRST_EDGE_US = 50_000;

/** Returns the longest response time of a bucket, in microseconds; the last bucket has no end. */
export function bucketEndUs(bucket: number): number {
  return bucket >= RESPONSE_BUCKETS - 1
    ? Number.POSITIVE_INFINITY
    : Math.round(FIRST_EDGE_US * 2 ** (bucket / 2));
}

const EDGES_US = Array.from({ length: RESPONSE_BUCKETS }, (_, i) => bucketEndUs(i));

/** Returns the bucket of a response time, 0 to RESPONSE_BUCKETS - 1. */
export function responseBucket(responseUs: number): number {
  let [low, high] = [0, RESPONSE_BUCKETS - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (responseUs <= (EDGES_US[middle] ?? Number.POSITIVE_INFINITY)) high = middle;
    else low = middle + 1;
  }
  return low;
}

type TimedJob = Pick<
  JobContent,
  'pipeline' | 'modelId' | 'computeUnits' | 'responseUs' | 'durationMs'
>;
type Labels = Pick<JobContent, 'pipeline' | 'modelId'>;

interface Sums extends Mutable<HourFacts> {
  /** `responses` once it is this hour's alone, so that it can be added to in place. */
  ownResponses?: number[];
}

/**
 * The buckets of no job, and those of one job by its bucket. Most hours of a batch have one or none, and share these: a list of
 * 24 numbers for each was most of what hours cost ingest.
 */
const NO_JOB: readonly number[] = new Array<number>(RESPONSE_BUCKETS).fill(0);
const ONE_JOB: readonly (readonly number[])[] = NO_JOB.map((_, bucket) => NO_JOB.with(bucket, 1));
export const SHARED_BUCKETS: ReadonlySet<readonly number[]> = new Set([NO_JOB, ...ONE_JOB]);

/** Adds up the hours of one remote worker, from `fromMs` on. */
export class HourTally {
  private readonly cells = new SpanCells<Sums>(HOUR_MS, noFacts);

  constructor(private readonly fromMs: number) {}

  /** Adds a job that was credited to the worker. */
  process(job: TimedJob, dtMs: number): void {
    if (dtMs < this.fromMs) return;
    const sums = this.of(job, dtMs);
    sums.jobs += 1;
    const { responseUs, durationMs = 0 } = job;
    if (responseUs === undefined) return;
    if (responseUs === 0) {
      sums.instantJobs += 1;
      return;
    }
    sums.responseUs += responseUs;
    sums.timedUnits += job.computeUnits;
    const bucket = responseBucket(responseUs);
    addTo(sums, bucket);
    if (durationMs === 0) return;
    sums.ratedJobs += 1;
    sums.ratedDurationMs += durationMs;
    sums.ratedResponseUs += responseUs;
    if (responseUs > durationMs * 1_000) sums.slowJobs += 1;
  }

  /** Adds a job that was handed to the worker. */
  receive(labels: Labels, dtMs: number): void {
    if (dtMs >= this.fromMs) this.of(labels, dtMs).received += 1;
  }

  /** Adds that a job was processed which had been handed to the worker at `receivedMs`. */
  answer(labels: Labels, receivedMs: number): void {
    if (receivedMs >= this.fromMs) this.of(labels, receivedMs).answered += 1;
  }

  result(): readonly HourFacts[] {
    return this.cells.rows();
  }

  private of({ pipeline, modelId }: Labels, dtMs: number): Sums {
    return this.cells.at(dtMs, pipeline ?? '', modelId ?? '');
  }
}

function addTo(sums: Sums, bucket: number): void {
  const { ownResponses: own, responses } = sums;
  if (own !== undefined) own[bucket] = (own[bucket] ?? 0) + 1;
  else if (responses === NO_JOB) sums.responses = ONE_JOB[bucket] ?? NO_JOB;
  else {
    sums.ownResponses = responses.with(bucket, (responses[bucket] ?? 0) + 1);
    sums.responses = sums.ownResponses;
  }
}

function noFacts(hourMs: number, pipeline: string, modelId: string): Sums {
  return {
    hourMs,
    pipeline,
    modelId,
    jobs: 0,
    received: 0,
    answered: 0,
    ratedJobs: 0,
    slowJobs: 0,
    ratedDurationMs: 0,
    ratedResponseUs: 0,
    instantJobs: 0,
    responseUs: 0,
    timedUnits: 0n,
    responses: NO_JOB,
  };
}
