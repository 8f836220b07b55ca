/** From where on a pass asks. Pure. */

/** How far the source was read. */
export interface PassProgress {
  readonly cursorDt: Date | null;
  /** The earliest time not yet covered by one complete pass. */
  readonly deepFromDt: Date | null;
  readonly deepPassAt: Date | null;
  /** Older events are archived: whether they were counted cannot be seen any more. */
  readonly archivedTo: Date | null;
}

export interface PassPlan {
  /** Ask for events later than this; null: for all. Whole seconds. */
  readonly since: Date | null;
  /** A complete pass covers everything from here on. */
  readonly coversFrom: Date;
  readonly isDeep: boolean;
}

/** Events of the second of a poll are written after it, and clocks differ a little. */
const OVERLAP_MS = 120_000;
const DEEP_PASS_EVERY_MS = 86_400_000;
/** What is written down later than this only a pass over everything would find. */
const DEEP_PASS_SPAN_MS = 7 * 86_400_000;
const BEGINNING = new Date('1970-01-01T00:00:00Z');

/**
 * Every pass asks again from a little earlier than where the last one came to. Once a day it asks
 * from a week before the last time that it did so, or from where the last unfinished pass began if
 * that is earlier still: so what was written down up to a week late, what a broken connection or a
 * clock that jumped made us skip, is not skipped for good, however long nobody asked.
 */
export function planPass(progress: PassProgress, configured: Date | null, now: Date): PassPlan {
  const { cursorDt, deepFromDt, deepPassAt, archivedTo } = progress;
  const from = later(configured, archivedTo);
  const isFirst = cursorDt === null;
  const nowMs = now.getTime();
  const isDue =
    deepPassAt === null ||
    Math.abs(nowMs - deepPassAt.getTime()) >= DEEP_PASS_EVERY_MS ||
    // Carried there by a clock that was ahead: up to where we had really read, it does not say.
    (cursorDt !== null && cursorDt.getTime() > nowMs + OVERLAP_MS);
  const starts = [
    cursorDt === null ? BEGINNING.getTime() : Math.min(cursorDt.getTime(), nowMs) - OVERLAP_MS,
  ];
  if (isDue) {
    starts.push(deepStartMs(deepPassAt, nowMs), deepFromDt?.getTime() ?? Number.MAX_VALUE);
  }
  const startMs = Math.floor(Math.min(...starts) / 1000) * 1000;
  // "Later than" the second before: the source's first second belongs to it.
  const firstMs =
    from === null ? BEGINNING.getTime() : Math.floor(from.getTime() / 1000) * 1000 - 1;
  if (startMs > firstMs) {
    const since = new Date(startMs);
    return { since, coversFrom: since, isDeep: isFirst || isDue };
  }
  const since = from === null ? null : new Date(Math.floor(firstMs / 1000) * 1000);
  // What lies before is not wanted, unless the beginning is another by the time this pass ends.
  return { since, coversFrom: configured ?? BEGINNING, isDeep: true };
}

function deepStartMs(deepPassAt: Date | null, nowMs: number): number {
  const lastMs = deepPassAt?.getTime() ?? nowMs;
  // A clock that was ahead then, or is behind now: when it really was, nobody knows.
  const isUnsure = lastMs > nowMs;
  return isUnsure ? nowMs - 2 * DEEP_PASS_SPAN_MS : lastMs - DEEP_PASS_SPAN_MS;
}

function later(one: Date | null, other: Date | null): Date | null {
  if (one === null || other === null) return one ?? other;
  return one > other ? one : other;
}
