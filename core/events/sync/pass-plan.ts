/** Decides, without I/O, from which time on a pass asks for events. */
import type { SourceProgress } from '../store/sources/source-progress.js';

type PassProgress = Pick<SourceProgress, 'cursorDt' | 'deepFromDt' | 'deepPassAt' | 'archivedTo'>;

export interface PassPlan {
  /** Ask for events later than this, in whole seconds; null: for all. */
  readonly since: Date | null;
  /** The time from which on this pass covers every event, if it reads to the end. */
  readonly coversFrom: Date;
  readonly isDeep: boolean;
}

/** A pass asks from this long before the cursor: events may be written after the poll of their second. */
const OVERLAP_MS = 120_000;
const DEEP_PASS_EVERY_MS = 86_400_000;
/** A deep pass asks from this long before the last one. Later events are found only by a pass over everything. */
const DEEP_PASS_SPAN_MS = 7 * 86_400_000;
const BEGINNING = new Date('1970-01-01T00:00:00Z');

/**
 * Plans a pass. Every pass asks from a little before where the last one ended. Once a day a deep pass asks from a week
 * before the last one or, if that is earlier, from where an unfinished pass began. So an event is found even if it was
 * written up to a week late, or was skipped because of a broken connection or a jump of a clock.
 */
export function planPass(progress: PassProgress, configured: Date | null, now: Date): PassPlan {
  const { cursorDt, deepFromDt, deepPassAt, archivedTo } = progress;
  const from = later(configured, archivedTo);
  const isFirst = cursorDt === null;
  const nowMs = now.getTime();
  const isDue =
    deepPassAt === null ||
    Math.abs(nowMs - deepPassAt.getTime()) >= DEEP_PASS_EVERY_MS ||
    // A clock that was ahead has moved the cursor into the future, so it does not tell how far we had really read.
    (cursorDt !== null && cursorDt.getTime() > nowMs + OVERLAP_MS);
  const starts = [
    cursorDt === null ? BEGINNING.getTime() : Math.min(cursorDt.getTime(), nowMs) - OVERLAP_MS,
  ];
  if (isDue) {
    starts.push(deepStartMs(deepPassAt, nowMs), deepFromDt?.getTime() ?? Number.MAX_VALUE);
  }
  const startMs = Math.floor(Math.min(...starts) / 1000) * 1000;
  // `since` means "later than", so the second before the first one is asked for.
  const firstMs =
    from === null ? BEGINNING.getTime() : Math.floor(from.getTime() / 1000) * 1000 - 1;
  if (startMs > firstMs) {
    const since = new Date(startMs);
    return { since, coversFrom: since, isDeep: isFirst || isDue };
  }
  const since = from === null ? null : new Date(Math.floor(firstMs / 1000) * 1000);
  // Events before the configured beginning are not wanted, unless that beginning is changed before this pass ends.
  return { since, coversFrom: configured ?? BEGINNING, isDeep: true };
}

function deepStartMs(deepPassAt: Date | null, nowMs: number): number {
  const lastMs = deepPassAt?.getTime() ?? nowMs;
  // A clock was ahead then or is behind now, so nobody knows when the last deep pass really was.
  const isUnsure = lastMs > nowMs;
  return isUnsure ? nowMs - 2 * DEEP_PASS_SPAN_MS : lastMs - DEEP_PASS_SPAN_MS;
}

function later(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}
