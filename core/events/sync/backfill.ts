/**
 * Reads a source again from a given time on, while its sync goes on. What one of them has counted is a duplicate for
 * the other. A backfill never touches the cursor, because the cursor promises what the sync has read.
 */
import { PoolError } from '../../base/errors/pool-error.js';
import type { BackfillRange } from '../../orders/rules/order-kinds.js';
import { readEventTime } from '../rules/reading/pool-event.js';
import type { BackfillProgress, BackfillReport } from '../rules/sync-reports.js';
import { ingestBatch } from '../store/ingest/ingest.js';
import { readProgress } from '../store/sources/source-progress.js';
import { refuseReading } from '../store/sources/source-stops.js';
import type { PreparedBatch } from './batches.js';
import {
  identityOf,
  openSession,
  ReadingTally,
  readBatches,
  requireSource,
  type SyncDeps,
  sizeOf,
} from './source-reading.js';

export interface BackfillRequest extends BackfillRange {
  readonly sourceId: string;
  readonly signal: AbortSignal;
  readonly attempt: number;
  /** What the attempt before reported last; undefined for the first attempt. */
  readonly before: BackfillProgress | undefined;
  readonly startedMs: number;
  /** Called before the first and after each batch. */
  readonly onProgress: (progress: BackfillProgress) => void;
}

/**
 * Reads the range to its end. Every attempt asks from the start again: the order in which a source yields its events
 * cannot be trusted enough to skip any, and events that are stored already pass quickly.
 */
export async function runBackfill(
  deps: SyncDeps,
  request: BackfillRequest,
): Promise<BackfillReport> {
  const { db } = deps;
  const { sourceId, signal, attempt, before } = request;
  const found = requireSource(deps.sources, sourceId);
  const progress = await readProgress(db, sourceId);
  refuseReading(progress, found.source);
  const { id, from, of } = found.config;
  const { archivedTo } = of === undefined ? progress : await readProgress(db, of);
  const window = backfillWindow(request, { id, from, archivedTo });
  // The events may be older than those that this source usually gives, so another source may have given them.
  const identity = { ...identityOf(found), isWatched: true, isAside: true };
  const session = openSession(deps, found, identity);
  const tally = new BackfillTally(before?.fresh);
  request.onProgress(tally.progress());
  for await (const batch of readBatches(found, { since: window.since, signal })) {
    const wanted = within(window, batch);
    const isEmpty = wanted.events.length + wanted.refused.length === 0;
    tally.addWanted(
      wanted,
      isEmpty ? NOTHING : await ingestBatch(session, { ...wanted, cursorHint: null }),
    );
    request.onProgress(tally.progress());
  }
  const tookMs = Date.now() - request.startedMs;
  return { ...tally.progress(), attempts: attempt, tookMs };
}

const NOTHING = { fresh: 0, duplicates: 0, setAside: 0 };

interface WantedBatch extends PreparedBatch {
  readonly passedOver: number;
}

/** Returns the part of a batch that is in the window. An element without a readable time is kept: it may be in it. */
function within(window: BackfillWindow, batch: PreparedBatch): WantedBatch {
  const events = batch.events.filter(({ dtMs }) => isInWindow(window, dtMs));
  const refused = batch.refused.filter(({ refusal }) => {
    const dtMs = readEventTime(refusal.dtText ?? '');
    return dtMs === undefined || isInWindow(window, dtMs);
  });
  const dtsMs = batch.dtsMs.filter((dtMs) => isInWindow(window, dtMs));
  // `dtsMs` has the time of every element that could be read, duplicates included.
  const duplicates = dtsMs.length - events.length;
  const passedOver = sizeOf(batch) - sizeOf({ events, refused, duplicates });
  return { ...batch, events, refused, dtsMs, duplicates, passedOver };
}

class BackfillTally extends ReadingTally {
  private readonly startedMs = performance.now();
  private passedOver = 0;
  private newestMs: number | null = null;

  addWanted(batch: WantedBatch, outcome: typeof NOTHING): void {
    this.add(batch, outcome);
    this.passedOver += batch.passedOver;
    for (const dtMs of batch.dtsMs) this.newestMs = Math.max(this.newestMs ?? dtMs, dtMs);
  }

  progress(): BackfillProgress {
    const { counts, passedOver, newestMs } = this;
    const seconds = Math.max((performance.now() - this.startedMs) / 1_000, 0.001);
    return {
      ...counts,
      passedOver,
      newest: newestMs === null ? null : new Date(newestMs).toISOString(),
      eventsPerSecond: Math.round((counts.events + passedOver) / seconds),
    };
  }
}

/** The events that a backfill wants, in whole seconds. */
interface BackfillWindow {
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
function backfillWindow(
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
    const message =
      `the events of source "${source.id}" up to ${iso(archivedMs)} are archived: ` +
      'older ones would only be set aside as EVENT_ARCHIVED';
    throw new PoolError('BACKFILL_ARCHIVED', message, { source: source.id });
  }
  const startMs = secondOf(source.from);
  if (startMs !== null && fromMs !== null && fromMs < startMs) {
    const message =
      `source "${source.id}" begins at ${iso(startMs)}: events from ${iso(fromMs)} on ` +
      'would only be set aside as EVENT_BEFORE_START';
    throw new PoolError('BACKFILL_BEFORE_START', message, { source: source.id });
  }
  if (fromMs !== null && toMs !== null && toMs < fromMs) {
    const message = `there is nothing from ${iso(fromMs)} to ${iso(toMs)}: the end is the earlier one`;
    throw new PoolError('REQUEST_INVALID', message);
  }
  return {
    // `since` means "later than", so it is the second before the first one that is wanted.
    since: fromMs === null ? null : new Date(fromMs - 1_000),
    fromMs,
    endMs: toMs === null ? null : toMs + 1_000,
  };
}

function isInWindow({ fromMs, endMs }: BackfillWindow, dtMs: number): boolean {
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
