/** What the sentinel knows of a source, and what its rules have in common. */
import type { HourPrice } from '../../events/rules/job-price.js';
import type { HourCount, QuietSource } from '../../events/rules/source-silence.js';
import type { Condition, FindingKey } from './finding.js';

/** The limits beyond which something is a finding; from the configuration. */
export interface SentinelSettings {
  /** How long a source may be without a complete pass. */
  readonly lagMs: number;
  /** How long nothing new may come while workers are connected. */
  readonly silenceMs: number;
  readonly zeroFeeShareBps: number;
  /** How long the worker of a job may be unknown. */
  readonly unmatchedAgeMs: number;
  /** How many times as high, or as low, as usual a price may be. */
  readonly priceJumpFactor: number;
  /** How far event times may be ahead of our clock. */
  readonly clockSkewMs: number;
}

/** How far the newest events' times were from our clock when they came, by hour of arrival. */
export interface ArrivalHour {
  readonly hourMs: number;
  readonly passes: number;
  /** Null when no pass of that hour read up to the present. */
  readonly leastBehindMs: number | null;
  readonly mostAheadMs: number;
}

/** Jobs that nobody is credited for yet, by how old they are. */
export interface UnmatchedBucket {
  readonly age: UnmatchedAge;
  readonly jobs: number;
  readonly grossWei: bigint;
}

/** Where the buckets of age end; the last one has no end. */
export const UNMATCHED_AGES = [
  { age: 'under-1h', untilMs: 3_600_000 },
  { age: '1h-6h', untilMs: 6 * 3_600_000 },
  { age: '6h-1d', untilMs: 86_400_000 },
  { age: '1d-7d', untilMs: 7 * 86_400_000 },
  { age: 'over-7d', untilMs: null },
] as const;

export type UnmatchedAge = (typeof UNMATCHED_AGES)[number]['age'];

/** What is known of one source. */
export interface SourceFigures extends QuietSource {
  readonly sourceId: string;
  readonly syncIntervalMs: number;
  /** The newest event's own time; null: there is none. */
  readonly newestMs: number | null;
  /** It gave an event at least once, counted or not. */
  readonly hasSpoken: boolean;
  readonly lastErrorCode: string | null;
  /** Why it is not read any more: it gives the events of another source. */
  readonly stoppedWhy: string | null;
  readonly connectedWorkers: number;
  /** Of the last `RHYTHM_MS`, and of as much before a silence. */
  readonly hours: readonly HourCount[];
  readonly prices: readonly HourPrice[];
  readonly arrivals: readonly ArrivalHour[];
  /** Older than `unmatchedAgeMs`. */
  readonly unmatched: { readonly jobs: number; readonly grossWei: bigint };
  /** Still set aside, by the code of the refusal. */
  readonly setAside: readonly { readonly code: string; readonly events: number }[];
  /** Of a source that is made of files: those not whole for over an hour, and those overwritten this week. */
  readonly files: { readonly incomplete: number; readonly overwritten: number };
}

/** What a rule looks at. */
export interface Look {
  readonly figures: SourceFigures;
  readonly settings: SentinelSettings;
  readonly nowMs: number;
}

/** What a rule finds, of the source that it was given. */
export type Rule = (look: Look) => readonly Omit<Condition, 'sourceId'>[];

const HOUR_MS = 3_600_000;
/** How many findings of a kind a source can open: their subjects are names from outside, which it may invent. */
export const MOST_SUBJECTS = 20;

/** The hours from `spanMs` ago until now, the first one whole. */
export function recentHours(
  figures: SourceFigures,
  nowMs: number,
  spanMs: number,
): readonly HourCount[] {
  const fromMs = Math.floor((nowMs - spanMs) / HOUR_MS) * HOUR_MS;
  return figures.hours.filter(({ hourMs }) => hourMs >= fromMs && hourMs <= nowMs);
}

export function keyOf(code: FindingKey['code'], subject = ''): Omit<FindingKey, 'sourceId'> {
  return { code, subject };
}
