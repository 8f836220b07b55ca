/** How a pool judges its remote workers: the section `guard` of its file. */
import type { Measure } from './figures.js';

/** What the guard does. `off`: it judges nobody. `warn`: it says what it sees. `exclude`: it also excludes. */
export type GuardMode = 'off' | 'warn' | 'exclude';

/** The borders of a measure. Between `warn` and `good` nothing changes: that keeps a worker from swinging to and fro. */
export interface Band {
  readonly warn: number;
  readonly exclude: number;
  readonly good: number;
}

export interface GuardSettings {
  readonly mode: GuardMode;
  /** Nobody is judged by fewer jobs than this. */
  readonly leastJobs: number;
  /** A measure without borders is kept and shown, and decides nothing. */
  readonly bands: Partial<Readonly<Record<Measure, Band>>>;
  /** How long figures must say so before a state follows, in milliseconds. */
  readonly warnAfterMs: number;
  readonly excludeAfterMs: number;
  readonly recoverAfterMs: number;
  /** How long the first exclusion lasts; each further one in a row lasts twice as long, up to the longest. */
  readonly excludeForMs: number;
  readonly excludeForMostMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** What holds where the file says nothing. */
export const GUARD_DEFAULTS: GuardSettings = {
  mode: 'off',
  leastJobs: 20,
  bands: {
    realTimeRatio: { warn: 1.2, exclude: 1, good: 1.5 },
    success: { warn: 0.9, exclude: 0.7, good: 0.95 },
  },
  warnAfterMs: 15 * MINUTE_MS,
  excludeAfterMs: HOUR_MS,
  recoverAfterMs: 30 * MINUTE_MS,
  excludeForMs: 6 * HOUR_MS,
  excludeForMostMs: 168 * HOUR_MS,
};
