/** Decides, without I/O, which events a backfill wants, in whole seconds. */

import { PoolError } from '../../base/errors/pool-error.js';
import type { BackfillRange } from '../../orders/rules/order-kinds.js';

export interface BackfillWindow {
  /** Ask for events later than this; null: for all. */
  readonly since: Date | null;
  /** The earliest wanted event time, inclusive; null: no bound. */
  readonly fromMs: number | null;
  /** The end of the wanted event times, exclusive; null: no bound. */
  readonly endMs: number | null;
}

/**
 * Returns the window of a range. The whole seconds of both ends belong to it, because sources have no finer times.
 * Throws BACKFILL_BEFORE_START and BACKFILL_ARCHIVED when events of the range would only be set aside.
 */
export function backfillWindow(
  range: BackfillRange,
  source: {
    readonly id: string;
    readonly from: Date | null;
    /** Events before this time are in archive files, so nobody can tell whether one of them is new. */
    readonly archivedTo: Date | null;
  },
): BackfillWindow {
  const archivedMs = secondOf(source.archivedTo);
  const fromMs = secondOf(range.from) ?? laterMs(secondOf(source.from), archivedMs);
  const toMs = secondOf(range.to);
  if (archivedMs !== null && fromMs !== null && fromMs < archivedMs) {
    const words =
      `the events of source "${source.id}" up to ${iso(archivedMs)} are archived: ` +
      'older ones would only be set aside as EVENT_ARCHIVED';
    throw new PoolError('BACKFILL_ARCHIVED', words, { source: source.id });
  }
  const startMs = secondOf(source.from);
  if (startMs !== null && fromMs !== null && fromMs < startMs) {
    const words =
      `source "${source.id}" begins at ${iso(startMs)}: events from ${iso(fromMs)} on ` +
      'would only be set aside as EVENT_BEFORE_START';
    throw new PoolError('BACKFILL_BEFORE_START', words, { source: source.id });
  }
  if (fromMs !== null && toMs !== null && toMs < fromMs) {
    const words = `there is nothing from ${iso(fromMs)} to ${iso(toMs)}: the end is the earlier one`;
    throw new PoolError('REQUEST_INVALID', words);
  }
  return {
    // `since` means "later than", so it is the second before the first one that is wanted.
    since: fromMs === null ? null : new Date(fromMs - 1_000),
    fromMs,
    endMs: toMs === null ? null : toMs + 1_000,
  };
}

/** Tells whether an event of this time is wanted. */
export function isInWindow({ fromMs, endMs }: BackfillWindow, dtMs: number): boolean {
  return (fromMs === null || dtMs >= fromMs) && (endMs === null || dtMs < endMs);
}

function secondOf(time: string | Date | null): number | null {
  if (time === null) return null;
  const timeMs = new Date(time).getTime();
  if (Number.isNaN(timeMs)) throw new PoolError('REQUEST_INVALID', `"${time}" is no time`);
  return Math.floor(timeMs / 1_000) * 1_000;
}

function laterMs(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.max(one, other);
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString().replace('.000Z', 'Z');
