/** The figures by which the sentinel judges a source, and what its rules have in common. */
import type { HourPrice } from '../../events/rules/job-price.js';
import type { HourCount, QuietSource } from '../../events/rules/source-silence.js';
import type { Found } from './finding.js';

/** The limits beyond which something is a finding; from the configuration. */
export interface SentinelSettings {
  /** A source is late when no pass over it has been completed for this long. */
  readonly lagMs: number;
  /** A source is silent when nothing new has come for this long while workers are connected. */
  readonly silenceMs: number;
  readonly zeroFeeShareBps: number;
  /** A job whose worker is still unknown after this long is a finding. */
  readonly unmatchedAgeMs: number;
  /** A price may be at most this many times higher or lower than usual. */
  readonly priceJumpFactor: number;
  /** Event times may be ahead of our clock by this much. */
  readonly clockSkewMs: number;
}

/** How far the times of the newest events were from our clock when they came, for the passes of one hour. */
export interface ArrivalHour {
  readonly hourMs: number;
  readonly passes: number;
  /** The least age of a newest event on arrival; null when no pass of that hour read up to the present. */
  readonly leastBehindMs: number | null;
  readonly mostAheadMs: number;
}

/** Jobs that nobody is credited for yet, by how old they are. */
export interface UnmatchedBucket {
  readonly age: UnmatchedAge;
  readonly jobs: number;
  readonly grossWei: bigint;
}

/** The buckets by age, each with the age at which it ends; the last one has no end. */
export const UNMATCHED_AGES = [
  { age: 'under-1h', untilMs: 3_600_000 },
  { age: '1h-6h', untilMs: 6 * 3_600_000 },
  { age: '6h-1d', untilMs: 86_400_000 },
  { age: '1d-7d', untilMs: 7 * 86_400_000 },
  { age: 'over-7d', untilMs: null },
] as const;

export type UnmatchedAge = (typeof UNMATCHED_AGES)[number]['age'];

/** What the sentinel knows about one source. */
export interface SourceFigures extends QuietSource {
  readonly sourceId: string;
  readonly syncIntervalMs: number;
  /** The time that the newest event itself carries; null when there is no event. */
  readonly newestMs: number | null;
  /** Whether the source has ever delivered an event, counted or not. */
  readonly hasSpoken: boolean;
  readonly lastErrorCode: string | null;
  /** Why reading of the source was stopped (it delivers the events of another source); null while it is read. */
  readonly stoppedWhy: string | null;
  /** Whether a person has paused the reading of all sources. */
  readonly isPaused: boolean;
  readonly connectedWorkers: number;
  /** Counts of events by hour, over the last `RHYTHM_MS`; for a silent source also over as long before its silence. */
  readonly hours: readonly HourCount[];
  readonly prices: readonly HourPrice[];
  readonly arrivals: readonly ArrivalHour[];
  /** Jobs older than `unmatchedAgeMs` that nobody is credited for. */
  readonly unmatched: { readonly jobs: number; readonly grossWei: bigint };
  /** How many events are still set aside, by the code of their refusal. */
  readonly setAside: readonly { readonly code: string; readonly events: number }[];
  /** How many of its files have been incomplete for over an hour, and how many were overwritten this week. */
  readonly files: { readonly incomplete: number; readonly overwritten: number };
}

/** Everything that a rule is given to judge a source. */
export interface Look {
  readonly figures: SourceFigures;
  readonly settings: SentinelSettings;
  readonly nowMs: number;
}

/** A rule of the sentinel. It returns what looks wrong with the source: nothing (`[]`), one thing or several. */
export type Rule = (look: Look) => Found | readonly Found[];

const HOUR_MS = 3_600_000;
/** A source can open at most this many findings of a kind, because their subjects are names that it could invent. */
export const MOST_SUBJECTS = 20;

/** Returns the counts of the hours from `spanMs` ago until now, including the whole hour in which that span begins. */
export function recentHours(
  figures: SourceFigures,
  nowMs: number,
  spanMs: number,
): readonly HourCount[] {
  const fromMs = Math.floor((nowMs - spanMs) / HOUR_MS) * HOUR_MS;
  return figures.hours.filter(({ hourMs }) => hourMs >= fromMs && hourMs <= nowMs);
}
