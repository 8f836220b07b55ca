/**
 * When a source that says nothing has something wrong with it. Uploads that fail are not tried again by
 * the orchestrator: the silence is all that a reader can see of them.
 */
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
  /** When the manager met the source: before, nothing was counted. */
  readonly createdMs: number;
  /** When something new came for the last time; null: never. */
  readonly lastFreshMs: number | null;
  /** When it was last read to the end; null: never. */
  readonly lastSuccessMs: number | null;
  /** At least of the `RHYTHM_MS` before the silence. */
  readonly hours: readonly HourCount[];
}

/** How far back a source's habits reach. */
export const RHYTHM_MS = 7 * 86_400_000;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The same hour on so many days, or so many hours in a row, before anything counts as usual. */
const LEAST_SAMPLES = 3;

/**
 * For how long nothing new came although it was looked for. What was not read may hold anything:
 * the time since the last complete pass is no silence.
 */
export function silentForMs(source: Pick<QuietSource, 'lastFreshMs' | 'lastSuccessMs'>): number {
  const { lastFreshMs, lastSuccessMs } = source;
  if (lastFreshMs === null || lastSuccessMs === null) return 0;
  return Math.max(0, lastSuccessMs - lastFreshMs);
}

/**
 * For how long a source was known and read, and never gave a single event: an orchestrator that writes
 * elsewhere, or a prefix that is wrong, looks like one that has nothing to say.
 */
export function emptyForMs(
  source: Pick<QuietSource, 'createdMs' | 'lastSuccessMs'> & { readonly hasSpoken: boolean },
): number {
  const { createdMs, lastSuccessMs, hasSpoken } = source;
  if (hasSpoken || lastSuccessMs === null) return 0;
  return Math.max(0, lastSuccessMs - createdMs);
}

/**
 * How many events of jobs would have come in the silence, by the source's own rhythm: the median of the
 * same hour on the days before or, for a young source, the mean of all its hours. Null: too young.
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

/** Of the complete hours before the silence. */
function readRhythm({ hours, createdMs }: QuietSource, silentFromMs: number): Rhythm {
  const endMs = floorHour(silentFromMs);
  const counts = new Map<number, number>();
  let firstMs = Math.max(floorHour(createdMs) + HOUR_MS, endMs - RHYTHM_MS);
  for (const { hourMs, eventType, version, events } of hours) {
    if (hourMs < endMs - RHYTHM_MS || hourMs >= endMs) continue;
    // A backlog reaches further back than the acquaintance.
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
