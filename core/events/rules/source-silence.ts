/**
 * Measures how long a source has given nothing, and how many events it usually gives in that time. An orchestrator does
 * not repeat an upload that failed, so silence is all that a reader sees of it.
 */
import { floorHour, HOUR_MS } from './job-price.js';
import { roleOf } from './reading/event-type.js';

/** How many events of one type and version have their own time in this hour. */
export interface HourCount {
  readonly hourMs: number;
  readonly eventType: string;
  readonly version: number;
  readonly events: number;
  readonly zeroFeeEvents: number;
}

export interface QuietSource {
  /** When the manager first knew the source. Nothing from it was counted before. */
  readonly createdMs: number;
  /** When a new event last came; null: never. */
  readonly lastFreshMs: number | null;
  /** When the source was last read to the end; null: never. */
  readonly lastSuccessMs: number | null;
  /** Must cover at least the week (`RHYTHM_MS`) before the silence began. */
  readonly hours: readonly HourCount[];
}

/** The usual rhythm of a source is read from this long before the silence. */
export const RHYTHM_MS = 7 * 86_400_000;

const DAY_MS = 24 * HOUR_MS;
/** A count is usual from this many samples on: the same hour of earlier days, or hours in a row of a young source. */
const LEAST_SAMPLES = 3;

/** Returns for how many milliseconds nothing new came up to the last complete pass: what was not read is no silence. */
export function silentForMs(source: Pick<QuietSource, 'lastFreshMs' | 'lastSuccessMs'>): number {
  const { lastFreshMs, lastSuccessMs } = source;
  if (lastFreshMs === null || lastSuccessMs === null) return 0;
  return Math.max(0, lastSuccessMs - lastFreshMs);
}

/** Returns for how many milliseconds a source has been read without a single event, as with a wrong prefix. */
export function emptyForMs(
  source: Pick<QuietSource, 'createdMs' | 'lastSuccessMs'> & { readonly hasSpoken: boolean },
): number {
  const { createdMs, lastSuccessMs, hasSpoken } = source;
  if (hasSpoken || lastSuccessMs === null) return 0;
  return Math.max(0, lastSuccessMs - createdMs);
}

/**
 * Returns how many events, `presence` events aside, the source would usually have given during the silence: by the
 * median of the same hour on the days before or, for a young source, by the mean of all its hours. Null while it is too
 * young to tell.
 */
export function eventsMissed(source: QuietSource): number | null {
  const { lastFreshMs, lastSuccessMs } = source;
  if (lastFreshMs === null || lastSuccessMs === null) return null;
  const usualAt = readRhythm(source, lastFreshMs);
  let missed = 0;
  for (let from = lastFreshMs; from < lastSuccessMs; ) {
    const hourMs = floorHour(from);
    const to = Math.min(hourMs + HOUR_MS, lastSuccessMs);
    const usual = usualAt(hourMs);
    if (usual === null) return null;
    missed += (usual * (to - from)) / HOUR_MS;
    from = to;
  }
  return missed;
}

/** Reads the rhythm from the complete hours before the silence: a function from an hour to its usual number of events. */
function readRhythm(
  { hours, createdMs }: QuietSource,
  silentFromMs: number,
): (hourMs: number) => number | null {
  const endMs = floorHour(silentFromMs);
  const counts = new Map<number, number>();
  let firstMs = Math.max(floorHour(createdMs) + HOUR_MS, endMs - RHYTHM_MS);
  for (const { hourMs, eventType, version, events } of hours) {
    if (hourMs < endMs - RHYTHM_MS || hourMs >= endMs) continue;
    // A backlog can contain hours from before the manager knew the source.
    firstMs = Math.min(firstMs, hourMs);
    if (roleOf(eventType, version) === 'presence') continue;
    counts.set(hourMs, (counts.get(hourMs) ?? 0) + events);
  }
  const sum = [...counts.values()].reduce((total, events) => total + events, 0);
  const span = (endMs - firstMs) / HOUR_MS;
  const mean = span >= LEAST_SAMPLES ? sum / span : null;
  return (hourMs) => {
    const samples: number[] = [];
    const daysBack = Math.max(1, Math.ceil((hourMs - endMs + HOUR_MS) / DAY_MS));
    for (let at = hourMs - daysBack * DAY_MS; at >= firstMs; at -= DAY_MS) {
      samples.push(counts.get(at) ?? 0);
    }
    return samples.length >= LEAST_SAMPLES ? median(samples) : mean;
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}
