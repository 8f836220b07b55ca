/**
 * Decides when something is wrong with a source that gives nothing. An orchestrator does not repeat an upload that
 * failed, so silence is all that a reader can see of the failure.
 */
import { HOUR_MS } from './job-price.js';
import { roleOf } from './reading/event-type.js';

/** Events of one type and version in one hour of their own time. */
export interface HourCount {
  readonly hourMs: number;
  readonly eventType: string;
  readonly version: number;
  readonly events: number;
  readonly zeroFeeEvents: number;
}

export interface QuietSource {
  /** When the manager first knew the source. Nothing was counted before. */
  readonly createdMs: number;
  /** When something new last came; null: never. */
  readonly lastFreshMs: number | null;
  /** When it was last read to the end; null: never. */
  readonly lastSuccessMs: number | null;
  /** Must hold at least the week (`RHYTHM_MS`) before the silence began. */
  readonly hours: readonly HourCount[];
}

/** How far back the usual rhythm of a source is looked at. */
export const RHYTHM_MS = 7 * 86_400_000;

const DAY_MS = 24 * HOUR_MS;
/** The same hour of so many days, or so many hours in a row, are needed before anything counts as usual. */
const LEAST_SAMPLES = 3;

/**
 * For how long nothing new came although the source was read. The time since the last complete pass does not count as
 * silence, because there may be anything in what was not read yet.
 */
export function silentForMs(source: Pick<QuietSource, 'lastFreshMs' | 'lastSuccessMs'>): number {
  const { lastFreshMs, lastSuccessMs } = source;
  if (lastFreshMs === null || lastSuccessMs === null) return 0;
  return Math.max(0, lastSuccessMs - lastFreshMs);
}

/**
 * For how long a source has been read without ever giving a single event. A wrong prefix, or an orchestrator that
 * writes elsewhere, looks like an orchestrator without jobs.
 */
export function emptyForMs(
  source: Pick<QuietSource, 'createdMs' | 'lastSuccessMs'> & { readonly hasSpoken: boolean },
): number {
  const { createdMs, lastSuccessMs, hasSpoken } = source;
  if (hasSpoken || lastSuccessMs === null) return 0;
  return Math.max(0, lastSuccessMs - createdMs);
}

/**
 * How many events of jobs would have come during the silence, by the usual rhythm of the source: the median of the
 * same hour on the days before or, for a young source, the mean of all its hours. Null while it is too young to tell.
 */
export function eventsMissed(source: QuietSource): number | null {
  const { lastFreshMs, lastSuccessMs } = source;
  if (lastFreshMs === null || lastSuccessMs === null) return null;
  const rhythm = readRhythm(source, lastFreshMs);
  let missed = 0;
  for (let from = lastFreshMs; from < lastSuccessMs; ) {
    const hourMs = floorHour(from);
    const to = Math.min(hourMs + HOUR_MS, lastSuccessMs);
    const usual = rhythm.usualAt(hourMs);
    if (usual === null) return null;
    missed += (usual * (to - from)) / HOUR_MS;
    from = to;
  }
  return missed;
}

interface Rhythm {
  usualAt(hourMs: number): number | null;
}

/** The rhythm of the complete hours before the silence. */
function readRhythm({ hours, createdMs }: QuietSource, silentFromMs: number): Rhythm {
  const endMs = floorHour(silentFromMs);
  const counts = new Map<number, number>();
  let firstMs = Math.max(floorHour(createdMs) + HOUR_MS, endMs - RHYTHM_MS);
  for (const { hourMs, eventType, version, events } of hours) {
    if (hourMs < endMs - RHYTHM_MS || hourMs >= endMs) continue;
    // A backlog can hold hours from before the manager knew the source.
    firstMs = Math.min(firstMs, hourMs);
    if (roleOf(eventType, version) === 'presence') continue;
    counts.set(hourMs, (counts.get(hourMs) ?? 0) + events);
  }
  const sum = [...counts.values()].reduce((total, events) => total + events, 0);
  const span = (endMs - firstMs) / HOUR_MS;
  const mean = span >= LEAST_SAMPLES ? sum / span : null;
  return {
    usualAt(hourMs) {
      const samples: number[] = [];
      const daysBack = Math.max(1, Math.ceil((hourMs - endMs + HOUR_MS) / DAY_MS));
      for (let at = hourMs - daysBack * DAY_MS; at >= firstMs; at -= DAY_MS) {
        samples.push(counts.get(at) ?? 0);
      }
      return samples.length >= LEAST_SAMPLES ? median(samples) : mean;
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
}

const floorHour = (ms: number): number => Math.floor(ms / HOUR_MS) * HOUR_MS;
