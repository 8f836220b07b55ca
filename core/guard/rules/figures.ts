/** Works out what a window of hourly facts says about a remote worker. */
import { bucketEndUs, RESPONSE_BUCKETS } from '../../events/rules/sums/hour-tally.js';

/** The windows that the guard looks at, the shortest first. Each begins at a full hour. */
export const WINDOWS = ['hour', 'day', 'week'] as const;
export type Window = (typeof WINDOWS)[number];

/** The sums of hourly facts over one window; the units are in the names. */
export interface WindowFacts {
  readonly jobs: number;
  /** Jobs handed to the worker, and how many of them it processed; only of hours whose answers must have come by now. */
  readonly received: number;
  readonly answered: number;
  readonly ratedJobs: number;
  readonly ratedDurationMs: number;
  readonly ratedResponseUs: number;
  readonly responses: readonly number[];
}

/** The share of the window in which the worker was connected, of the time in which that is known; null: it is not known. */
export type OnlineShare = number | null;

/** What is measured. Of all but `responseMs` more is better. */
export const MEASURES = ['realTimeRatio', 'success', 'responseMs', 'online'] as const;
export type Measure = (typeof MEASURES)[number];

export interface Measured {
  readonly value: number;
  /** How many jobs it was measured by; for `online` the hours. */
  readonly samples: number;
}

/** What was measured in one window; a measure without samples is absent. */
export type WindowFigures = Partial<Readonly<Record<Measure, Measured>>>;

/** What was measured in each window; a state keeps what it was decided by. */
export type WorkerFigures = Partial<Readonly<Record<Window, WindowFigures>>>;

/** The slowest twentieth of the jobs took at least this long. */
const SLOWEST = 0.95;

/** Returns the figures of a window. */
export function figuresOf(
  facts: WindowFacts,
  online: { readonly share: OnlineShare; readonly hours: number },
): WindowFigures {
  const timed = facts.responses.reduce((sum, jobs) => sum + jobs, 0);
  const figures: { -readonly [measure in Measure]?: Measured } = {};
  if (facts.ratedJobs > 0 && facts.ratedResponseUs > 0) {
    // Of video and time, not of the jobs' own ratios: a short job weighs as little as it does for the viewer.
    const value = round((facts.ratedDurationMs * 1_000) / facts.ratedResponseUs);
    figures.realTimeRatio = { value, samples: facts.ratedJobs };
  }
  if (facts.received > 0) {
    figures.success = { value: round(facts.answered / facts.received), samples: facts.received };
  }
  if (timed > 0) {
    const value = Math.round(quantileUs(facts.responses, SLOWEST) / 1_000);
    figures.responseMs = { value, samples: timed };
  }
  if (online.share !== null) {
    figures.online = { value: round(online.share), samples: online.hours };
  }
  return figures;
}

/** Returns the response time, in microseconds, that this share of the jobs stayed below, by interpolating in its bucket. */
export function quantileUs(responses: readonly number[], share: number): number {
  const total = responses.reduce((sum, jobs) => sum + jobs, 0);
  let before = 0;
  for (let bucket = 0; bucket < RESPONSE_BUCKETS; bucket += 1) {
    const jobs = responses[bucket] ?? 0;
    if (jobs > 0 && before + jobs >= share * total) {
      const startUs = bucket === 0 ? 0 : bucketEndUs(bucket - 1);
      const endUs = bucketEndUs(bucket);
      if (!Number.isFinite(endUs)) return startUs;
      return startUs + ((endUs - startUs) * (share * total - before)) / jobs;
    }
    before += jobs;
  }
  return 0;
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
