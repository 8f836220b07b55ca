/** One pass over one source: ask, store, credit, move the cursor. */

import { PoolError } from '../../base/errors/pool-error.js';
import { foreignText } from '../../base/foreign-text.js';
import type { Database } from '../../db/database.js';
import type { EventOrigin } from '../rules/reading/pool-event.js';
import type { SyncReport } from '../rules/reports.js';
import type { SourceConfig } from '../sources/source-config.js';
import {
  type IngestOutcome,
  type IngestSession,
  ingestBatch,
  openIngestSession,
} from '../store/ingest/ingest.js';
import { listRetries } from '../store/set-aside.js';
import {
  beginPass,
  completePass,
  readProgress,
  recordArrival,
  recordFailure,
} from '../store/sources/sources.js';
import {
  type ConfiguredSource,
  identityOf,
  originOf,
  readBatches,
  refuseStopped,
  requireSource,
} from './source-reading.js';
import { batchesOf, type PreparedBatch, type SyncElement } from './sync-batches.js';
import { openSourceMemory, type SourceMemory } from './sync-memory.js';
import { planPass } from './sync-plan.js';

/** What syncing needs. */
export interface SyncDeps {
  readonly db: Database;
  readonly sources: ReadonlyMap<string, ConfiguredSource>;
  /** Of the program: what it cannot read is tried again by another version. */
  readonly version: string;
  readonly jobMatchWindowMs: number;
  readonly maxJobFeeWei: bigint;
  readonly now?: () => Date;
  /** Events of one transaction, give or take a slice of the source. @default 18000 */
  readonly batchSize?: number;
}

export interface PassRequest {
  readonly sourceId: string;
  readonly signal: AbortSignal;
  /** Called after each batch. */
  readonly onProgress: () => void;
}

type Totals = { -readonly [K in keyof Omit<SyncReport, 'cursor'>]: number };

/** Runs one pass. What a failed one stored stays, and the next goes on from there. */
export async function runSyncPass(deps: SyncDeps, request: PassRequest): Promise<SyncReport> {
  const { sourceId, signal } = request;
  try {
    return await new SyncPass(deps, request).run();
  } catch (error) {
    // Being told to stop is no fault of the source. If even the note fails, the error still tells.
    if (!signal.aborted) {
      await recordFailure(deps.db, sourceId, describe(error)).catch(() => undefined);
    }
    throw error;
  }
}

function describe(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof PoolError) return { code: error.code, message: error.message };
  return { code: 'SYNC_FAILED', message: foreignText(error) };
}

class SyncPass {
  private readonly config: SourceConfig;
  private readonly source: ConfiguredSource;
  private readonly session: IngestSession;
  private readonly origin: EventOrigin;
  private readonly now: () => Date;
  private readonly memory: SourceMemory;
  private readonly totals: Totals = {
    events: 0,
    fresh: 0,
    duplicates: 0,
    setAside: 0,
    retried: 0,
    batches: 0,
  };
  /** The newest believable time of an event. */
  private newestMs: number | null = null;
  private newestFreshMs: number | null = null;
  private isInOrder = true;

  constructor(
    private readonly deps: SyncDeps,
    private readonly request: PassRequest,
  ) {
    const { sourceId } = request;
    this.source = requireSource(deps.sources, sourceId);
    this.config = this.source.config;
    this.origin = originOf(this.config);
    this.now = deps.now ?? (() => new Date());
    const { db, version, jobMatchWindowMs, maxJobFeeWei } = deps;
    const limits = { jobMatchWindowMs, maxJobFeeWei, from: this.config.from };
    const identity = identityOf(this.source);
    this.session = openIngestSession({ db, version, ...identity, ...limits, now: this.now });
    this.memory = openSourceMemory(db, sourceId, this.now);
  }

  async run(): Promise<SyncReport> {
    const { db } = this.deps;
    const { sourceId, signal } = this.request;
    const startedAt = this.now();
    const progress = await readProgress(db, sourceId);
    refuseStopped(this.source, progress);
    const plan = planPass(progress, this.config.from, startedAt);
    const { since, coversFrom, isDeep } = plan;
    await beginPass(db, { sourceId, from: this.config.from, coversFrom, isDeep, startedAt });
    // What a dump brought is its orchestrator's, and so is what was set aside of it.
    if (this.config.of === undefined) await this.retrySetAside();
    const { memory } = this;
    const { batchSize } = this.deps;
    for await (const batch of readBatches(this.source, { since, signal, memory, batchSize })) {
      await this.ingest(batch, startedAt);
    }
    await memory.complete();
    const cursor = await completePass(db, {
      sourceId,
      coversFrom,
      cursor: this.cursor,
      startedAt,
      endedAt: this.now(),
    });
    await this.noteArrival(startedAt, isDeep);
    return { ...this.totals, cursor: cursor?.toISOString() ?? null };
  }

  /** What is new came by now, and the newest of it tells how its clock and ours go together. */
  private async noteArrival(startedAt: Date, isDeep: boolean): Promise<void> {
    if (this.newestFreshMs === null) return;
    const endedAt = this.now();
    await recordArrival(this.deps.db, {
      sourceId: this.request.sourceId,
      at: endedAt,
      // A deep pass finds what is old on purpose.
      behindMs: isDeep ? null : Math.max(0, startedAt.getTime() - this.newestFreshMs),
      aheadMs: Math.max(0, this.newestFreshMs - endedAt.getTime()),
    });
  }

  private get cursor(): Date | null {
    return this.newestMs === null ? null : new Date(this.newestMs);
  }

  private async ingest(batch: PreparedBatch, startedAt: Date): Promise<void> {
    for (const dtMs of batch.dtsMs) {
      // A time from the future says nothing of how far the source was read, not even "up to now": what it says a
      // few minutes late would be passed over. It counts here when its time has come.
      if (dtMs > startedAt.getTime()) continue;
      if (this.newestMs !== null && dtMs < this.newestMs) this.isInOrder = false;
      this.newestMs = Math.max(this.newestMs ?? dtMs, dtMs);
    }
    const { events, refused } = batch;
    if (events.length + refused.length > 0) {
      // A dump says how far it was read, not how far its orchestrator was.
      const isOwn = this.config.of === undefined;
      const cursorHint = isOwn && this.isInOrder ? this.cursor : null;
      this.count(batch, await ingestBatch(this.session, { ...batch, cursorHint }));
    }
    await this.memory.store(batch.objects);
    this.request.onProgress();
  }

  private count(batch: PreparedBatch, outcome: IngestOutcome): void {
    const { totals } = this;
    totals.events += batch.events.length + batch.refused.length + batch.duplicates;
    totals.fresh += outcome.fresh;
    totals.duplicates += outcome.duplicates + batch.duplicates;
    totals.setAside += outcome.setAside;
    totals.batches += 1;
    const { newestFreshMs } = outcome;
    if (newestFreshMs !== null) {
      this.newestFreshMs = Math.max(this.newestFreshMs ?? newestFreshMs, newestFreshMs);
    }
  }

  private async retrySetAside(): Promise<void> {
    const from = { id: this.config.id, origin: this.origin, batchSize: this.deps.batchSize };
    for await (const batch of batchesOf(this.retrySlices(), from)) {
      const { events, refused } = batch;
      await ingestBatch(this.session, { ...batch, cursorHint: null });
      this.totals.retried += events.length + refused.length + batch.duplicates;
      this.request.signal.throwIfAborted();
      this.request.onProgress();
    }
  }

  private async *retrySlices(): AsyncGenerator<readonly SyncElement[]> {
    const { db, version, maxJobFeeWei } = this.deps;
    const { id: sourceId, from } = this.config;
    const query = { sourceId, trial: { version, maxJobFeeWei, from }, limit: 250 };
    for (let afterId = 0; ; ) {
      const slice = await listRetries(db, { ...query, afterId });
      const last = slice.at(-1);
      if (last === undefined) return;
      yield slice.map(({ id, place, raw, rawHash }) => ({ place, raw, retry: { id, rawHash } }));
      afterId = last.id;
    }
  }
}
