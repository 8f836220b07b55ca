/**
 * A source read again from a time on, beside its sync: the same store and the same locks, so that what
 * either of them has counted is a duplicate for the other. It never touches the cursor, whose promise is
 * the sync's alone.
 */
import type { BackfillRange } from '../../orders/rules/order-kinds.js';
import { readEventTime } from '../rules/reading/pool-event.js';
import type { BackfillProgress, BackfillReport } from '../rules/reports.js';
import { type IngestOutcome, ingestBatch, openIngestSession } from '../store/ingest/ingest.js';
import { readProgress } from '../store/sources/sources.js';
import { type BackfillWindow, backfillWindow, isInWindow } from './backfill-range.js';
import { identityOf, readBatches, refuseStopped, requireSource } from './source-reading.js';
import type { PreparedBatch } from './sync-batches.js';
import type { SyncDeps } from './sync-pass.js';

export interface BackfillRequest extends BackfillRange {
  readonly sourceId: string;
  readonly signal: AbortSignal;
  readonly attempt: number;
  /** What earlier attempts told last. */
  readonly before: BackfillProgress | undefined;
  /** When the first attempt began. */
  readonly startedMs: number;
  /** Called before the first and after each batch. */
  readonly onProgress: (progress: BackfillProgress) => void;
}

/**
 * Reads to the end. An attempt that follows another one asks from the start again: no order of what a
 * source gives can be trusted enough to skip any of it, and what is stored already passes quickly.
 */
export async function runBackfill(
  deps: SyncDeps,
  request: BackfillRequest,
): Promise<BackfillReport> {
  const { db, version, jobMatchWindowMs, maxJobFeeWei, now = () => new Date() } = deps;
  const { sourceId, signal, attempt } = request;
  const found = requireSource(deps.sources, sourceId);
  const progress = await readProgress(db, sourceId);
  refuseStopped(found, progress);
  const { id, from, of } = found.config;
  const { archivedTo } = of === undefined ? progress : await readProgress(db, of);
  const window = backfillWindow(request, { id, from, archivedTo });
  const limits = { jobMatchWindowMs, maxJobFeeWei, from };
  // Older events than those that it was known for: another source may have given them.
  const identity = { ...identityOf(found), isWatched: true, isAside: true };
  const session = openIngestSession({ db, version, ...identity, ...limits, now });
  const tally = new BackfillTally(request.before);
  request.onProgress(tally.progress());
  for await (const batch of readBatches(found, { since: window.since, signal })) {
    const wanted = within(window, batch);
    const { events, refused } = wanted;
    const isEmpty = events.length + refused.length === 0;
    const outcome = isEmpty ? NOTHING : await ingestBatch(session, { ...wanted, cursorHint: null });
    tally.add(wanted, outcome);
    request.onProgress(tally.progress());
  }
  const tookMs = Date.now() - request.startedMs;
  return { ...tally.progress(), attempts: attempt, tookMs };
}

const NOTHING: IngestOutcome = { fresh: 0, duplicates: 0, setAside: 0, newestFreshMs: null };

interface WantedBatch extends PreparedBatch {
  readonly passedOver: number;
}

/** What of a batch lies in the window. What tells no time cannot be said to lie outside. */
function within(window: BackfillWindow, batch: PreparedBatch): WantedBatch {
  const events = batch.events.filter(({ dtMs }) => isInWindow(window, dtMs));
  const refused = batch.refused.filter(({ refusal }) => {
    const dtMs = readEventTime(refusal.dtText ?? '');
    return dtMs === undefined || isInWindow(window, dtMs);
  });
  const dtsMs = batch.dtsMs.filter((dtMs) => isInWindow(window, dtMs));
  // Every element that could be read has its time in the list.
  const duplicates = dtsMs.length - events.length;
  const all = batch.events.length + batch.refused.length + batch.duplicates;
  const passedOver = all - events.length - refused.length - duplicates;
  return { ...batch, events, refused, dtsMs, duplicates, passedOver };
}

class BackfillTally {
  private readonly startedMs = performance.now();
  private events = 0;
  private fresh: number;
  private duplicates = 0;
  private setAside = 0;
  private passedOver = 0;
  private batches = 0;
  private newestMs: number | null = null;

  constructor(before: BackfillProgress | undefined) {
    this.fresh = before?.fresh ?? 0;
  }

  add(batch: WantedBatch, outcome: IngestOutcome): void {
    const { events, refused, duplicates, passedOver, dtsMs } = batch;
    this.events += events.length + refused.length + duplicates;
    this.fresh += outcome.fresh;
    this.duplicates += outcome.duplicates + duplicates;
    this.setAside += outcome.setAside;
    this.passedOver += passedOver;
    this.batches += 1;
    for (const dtMs of dtsMs) this.newestMs = Math.max(this.newestMs ?? dtMs, dtMs);
  }

  progress(): BackfillProgress {
    const { events, fresh, duplicates, setAside, passedOver, batches, newestMs } = this;
    const seconds = Math.max((performance.now() - this.startedMs) / 1_000, 0.001);
    const newest = newestMs === null ? null : new Date(newestMs).toISOString();
    const eventsPerSecond = Math.round((events + passedOver) / seconds);
    return {
      ...{ events, fresh, duplicates, setAside, passedOver, batches, newest, eventsPerSecond },
    };
  }
}
