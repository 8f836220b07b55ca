/**
 * Reads a source again from a given time on, while its sync goes on. Both use the same store and the same locks, so
 * what one of them has counted is a duplicate for the other. A backfill never touches the cursor, because the cursor
 * promises what the sync has read.
 */
import type { BackfillRange } from '../../orders/rules/order-kinds.js';
import { readEventTime } from '../rules/reading/pool-event.js';
import type { BackfillProgress, BackfillReport } from '../rules/sync-reports.js';
import { ingestBatch } from '../store/ingest/ingest.js';
import { readProgress } from '../store/sources/source-progress.js';
import { type BackfillWindow, backfillWindow, isInWindow } from './backfill-window.js';
import type { PreparedBatch } from './batches.js';
import {
  identityOf,
  openSession,
  ReadingTally,
  readBatches,
  refuseStopped,
  requireSource,
  type SyncDeps,
} from './source-reading.js';

export interface BackfillRequest extends BackfillRange {
  readonly sourceId: string;
  readonly signal: AbortSignal;
  readonly attempt: number;
  /** What the attempt before reported last; undefined for the first attempt. */
  readonly before: BackfillProgress | undefined;
  /** When the first attempt began. */
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
  refuseStopped(found, progress);
  const { id, from, of } = found.config;
  const { archivedTo } = of === undefined ? progress : await readProgress(db, of);
  const window = backfillWindow(request, { id, from, archivedTo });
  // The events may be older than those that this source usually gives, so another source may have given them.
  const session = openSession(deps, found, {
    ...identityOf(found),
    isWatched: true,
    isAside: true,
  });
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

/**
 * Returns the part of a batch that is in the window. An element without a readable time is kept, because it may be in
 * it.
 */
function within(window: BackfillWindow, batch: PreparedBatch): WantedBatch {
  const events = batch.events.filter(({ dtMs }) => isInWindow(window, dtMs));
  const refused = batch.refused.filter(({ refusal }) => {
    const dtMs = readEventTime(refusal.dtText ?? '');
    return dtMs === undefined || isInWindow(window, dtMs);
  });
  const dtsMs = batch.dtsMs.filter((dtMs) => isInWindow(window, dtMs));
  // `dtsMs` has the time of every element that could be read, duplicates included.
  const duplicates = dtsMs.length - events.length;
  const all = batch.events.length + batch.refused.length + batch.duplicates;
  const passedOver = all - events.length - refused.length - duplicates;
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
    const { events, fresh, duplicates, setAside, passedOver, batches, newestMs } = this;
    const seconds = Math.max((performance.now() - this.startedMs) / 1_000, 0.001);
    return {
      events,
      fresh,
      duplicates,
      setAside,
      passedOver,
      batches,
      newest: newestMs === null ? null : new Date(newestMs).toISOString(),
      eventsPerSecond: Math.round((events + passedOver) / seconds),
    };
  }
}
