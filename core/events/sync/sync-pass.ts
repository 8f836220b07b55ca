/** Runs one pass over one source: asks for events, stores and credits them, and moves the cursor. */

import { PoolError } from '../../base/errors/pool-error.js';
import { foreignText } from '../../base/foreign-text.js';
import type { SyncReport } from '../rules/sync-reports.js';
import { type IngestSession, ingestBatch } from '../store/ingest/ingest.js';
import { pagesOfUntried } from '../store/set-aside.js';
import { openSourceMemory, type SourceMemory } from '../store/sources/source-objects.js';
import {
  beginPass,
  completePass,
  readProgress,
  recordArrival,
  recordFailure,
} from '../store/sources/source-progress.js';
import { refuseReading } from '../store/sources/source-stops.js';
import type { PreparedBatch } from './batches.js';
import { planPass } from './pass-plan.js';
import {
  type ConfiguredSource,
  identityOf,
  openSession,
  ReadingTally,
  readBatches,
  requireSource,
  retryBatches,
  type SyncDeps,
  sizeOf,
} from './source-reading.js';

export interface PassRequest {
  readonly sourceId: string;
  readonly signal: AbortSignal;
  readonly onProgress: () => void;
}

/** Runs one pass. What a pass stored before it failed stays stored, and the next pass goes on from there. */
export async function runSyncPass(deps: SyncDeps, request: PassRequest): Promise<SyncReport> {
  const { sourceId, signal } = request;
  try {
    return await new SyncPass(deps, request).run();
  } catch (error) {
    // An abort is no fault of the source. If recording the failure fails as well, the error itself is still thrown.
    if (!signal.aborted) {
      const failure = { ...describe(error), at: (deps.now ?? (() => new Date()))() };
      await recordFailure(deps.db, sourceId, failure).catch(() => undefined);
    }
    throw error;
  }
}

function describe(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof PoolError) return { code: error.code, message: error.message };
  return { code: 'SYNC_FAILED', message: foreignText(error) };
}

class SyncPass {
  private readonly source: ConfiguredSource;
  private readonly session: IngestSession;
  private readonly memory: SourceMemory;
  private readonly tally = new ReadingTally();
  /** How many elements that were set aside this pass tried again. */
  private retried = 0;
  /** The newest event time so far that is not in the future. */
  private newestMs: number | null = null;
  private newestFreshMs: number | null = null;
  private isInOrder = true;

  constructor(
    private readonly deps: SyncDeps,
    private readonly request: PassRequest,
  ) {
    const { sourceId } = request;
    this.source = requireSource(deps.sources, sourceId);
    this.session = openSession(deps, this.source, identityOf(this.source));
    this.memory = openSourceMemory(deps.db, sourceId, this.session.now);
  }

  async run(): Promise<SyncReport> {
    const { db, batchSize } = this.deps;
    const { sourceId, signal } = this.request;
    const { from, of } = this.source.config;
    const startedAt = this.session.now();
    const progress = await readProgress(db, sourceId);
    refuseReading(progress, this.source.source);
    const plan = planPass(progress, from, startedAt);
    const { since, coversFrom, isDeep } = plan;
    const pass = { sourceId, from, coversFrom, isDeep, startedAt };
    await beginPass(db, pass);
    // What was set aside from a dump belongs to the source that the dump is of, which tries it again.
    if (of === undefined) await this.retrySetAside();
    const { memory } = this;
    for await (const batch of readBatches(this.source, { since, signal, memory, batchSize })) {
      await this.ingest(batch, startedAt);
    }
    await memory.complete();
    const end = { cursor: this.cursor, endedAt: this.session.now() };
    const cursor = await completePass(db, pass, end);
    await this.noteArrival(startedAt, isDeep);
    return {
      ...this.tally.counts,
      retried: this.retried,
      cursor: cursor?.toISOString() ?? null,
    };
  }

  /** Records how far the newest new event is from our clock, which shows whether the source's clock and ours agree. */
  private async noteArrival(startedAt: Date, isDeep: boolean): Promise<void> {
    if (this.newestFreshMs === null) return;
    const endedAt = this.session.now();
    await recordArrival(this.deps.db, {
      sourceId: this.request.sourceId,
      at: endedAt,
      // A deep pass finds old events on purpose.
      behindMs: isDeep ? null : Math.max(0, startedAt.getTime() - this.newestFreshMs),
      aheadMs: Math.max(0, this.newestFreshMs - endedAt.getTime()),
    });
  }

  private get cursor(): Date | null {
    return this.newestMs === null ? null : new Date(this.newestMs);
  }

  private async ingest(batch: PreparedBatch, startedAt: Date): Promise<void> {
    for (const dtMs of batch.dtsMs) {
      // A time from the future must not move the cursor, not even up to the present: events that are written a few
      // minutes late would be missed. It counts here once its time has come.
      if (dtMs > startedAt.getTime()) continue;
      if (this.newestMs !== null && dtMs < this.newestMs) this.isInOrder = false;
      this.newestMs = Math.max(this.newestMs ?? dtMs, dtMs);
    }
    if (batch.events.length + batch.refused.length > 0) {
      // The times in a dump show how far the dump was read, not how far its orchestrator was.
      const isOwn = this.source.config.of === undefined;
      const cursorHint = isOwn && this.isInOrder ? this.cursor : null;
      const outcome = await ingestBatch(this.session, { ...batch, cursorHint });
      this.tally.add(batch, outcome);
      const { newestFreshMs } = outcome;
      if (newestFreshMs !== null) {
        this.newestFreshMs = Math.max(this.newestFreshMs ?? newestFreshMs, newestFreshMs);
      }
    }
    await this.memory.store(batch.objects);
    this.request.onProgress();
  }

  private async retrySetAside(): Promise<void> {
    const { db, batchSize } = this.deps;
    const untried = pagesOfUntried(db, this.source.config.id, this.session);
    for await (const batch of retryBatches(this.source, untried, batchSize)) {
      await ingestBatch(this.session, { ...batch, cursorHint: null });
      this.retried += sizeOf(batch);
      this.request.signal.throwIfAborted();
      this.request.onProgress();
    }
  }
}
