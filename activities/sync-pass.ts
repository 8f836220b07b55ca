/** One pass over one source: ask, store, credit, move the cursor. */

import type { SourceConfig } from '../config.js';
import { PoolError } from '../domain/pool-error.js';
import type { EventOrigin } from '../domain/pool-event.js';
import type { EventSource } from '../plugins/event-source/event-source.js';
import type { Database } from '../store/database.js';
import { type IngestSession, ingestBatch, openIngestSession } from '../store/events.js';
import { listRetries } from '../store/set-aside.js';
import { beginPass, completePass, readProgress, recordFailure } from '../store/sources.js';
import { BATCH_SIZE, batchesOf, type PreparedBatch, type SyncElement } from './sync-batches.js';
import { planPass } from './sync-plan.js';

/** What syncing needs. */
export interface SyncDeps {
  readonly db: Database;
  readonly sources: ReadonlyMap<
    string,
    { readonly config: SourceConfig; readonly source: EventSource }
  >;
  /** Of the program: what it cannot read is tried again by another version. */
  readonly version: string;
  readonly jobMatchWindowMs: number;
  readonly maxJobFeeWei: bigint;
  readonly now?: () => Date;
  /** Events of one transaction, give or take a slice of the source. @default 10000 */
  readonly batchSize?: number;
}

/** What one pass did. */
export interface SyncReport {
  /** Elements that the source gave. */
  readonly events: number;
  readonly fresh: number;
  readonly duplicates: number;
  readonly setAside: number;
  /** Elements set aside by another version and tried again. */
  readonly retried: number;
  readonly batches: number;
  /** Where the next pass goes on, ISO; null: nothing has been seen yet. */
  readonly cursor: string | null;
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
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof PoolError ? error.code : 'SYNC_FAILED', message };
}

class SyncPass {
  private readonly config: SourceConfig;
  private readonly source: EventSource;
  private readonly session: IngestSession;
  private readonly origin: EventOrigin;
  private readonly now: () => Date;
  private readonly totals: Totals = {
    events: 0,
    fresh: 0,
    duplicates: 0,
    setAside: 0,
    retried: 0,
    batches: 0,
  };
  private newestMs: number | null = null;
  private isInOrder = true;

  constructor(
    private readonly deps: SyncDeps,
    private readonly request: PassRequest,
  ) {
    const { sourceId } = request;
    const found = deps.sources.get(sourceId);
    if (found === undefined) {
      throw new PoolError('SOURCE_UNKNOWN', `source "${sourceId}" is not configured here`);
    }
    this.config = found.config;
    this.source = found.source;
    this.origin = originOf(found.config);
    this.now = deps.now ?? (() => new Date());
    const { db, version, jobMatchWindowMs, maxJobFeeWei } = deps;
    const limits = { jobMatchWindowMs, maxJobFeeWei };
    this.session = openIngestSession({ db, sourceId, version, ...limits, now: this.now });
  }

  async run(): Promise<SyncReport> {
    const { db } = this.deps;
    const { sourceId } = this.request;
    const startedAt = this.now();
    const plan = planPass(await readProgress(db, sourceId), this.config.from, startedAt);
    const { since, coversFrom, isDeep } = plan;
    await beginPass(db, { sourceId, coversFrom, isDeep, startedAt });
    await this.retrySetAside();
    await this.readSource(since, startedAt);
    const cursor = await completePass(db, {
      sourceId,
      coversFrom,
      cursor: this.cursorAt(startedAt),
      endedAt: this.now(),
    });
    return { ...this.totals, cursor: cursor?.toISOString() ?? null };
  }

  /** A cursor in the future would make us pass over what comes until then. */
  private cursorAt(startedAt: Date): Date | null {
    if (this.newestMs === null) return null;
    return new Date(Math.min(this.newestMs, startedAt.getTime()));
  }

  private async readSource(since: Date | null, startedAt: Date): Promise<void> {
    const reading = new AbortController();
    const signal = AbortSignal.any([this.request.signal, reading.signal]);
    const slices = this.source.read({ since, signal });
    const batches = this.batchesOf(slices);
    try {
      let next = ahead(batches);
      for (;;) {
        const result = await next;
        if (result.done === true) return;
        next = ahead(batches);
        await this.ingest(result.value, startedAt);
        this.request.signal.throwIfAborted();
      }
    } finally {
      reading.abort(new Error('the pass has ended'));
      await batches.return(undefined).catch(() => undefined);
    }
  }

  private async ingest(batch: PreparedBatch, startedAt: Date): Promise<void> {
    for (const dtMs of batch.dtsMs) {
      if (this.newestMs !== null && dtMs < this.newestMs) this.isInOrder = false;
      this.newestMs = Math.max(this.newestMs ?? dtMs, dtMs);
    }
    const { events, refused } = batch;
    const cursorHint = this.isInOrder ? this.cursorAt(startedAt) : null;
    const outcome = await ingestBatch(this.session, { events, refused, cursorHint });
    this.totals.events += events.length + refused.length + batch.duplicates;
    this.totals.fresh += outcome.fresh;
    this.totals.duplicates += outcome.duplicates + batch.duplicates;
    this.totals.setAside += outcome.setAside;
    this.totals.batches += 1;
    this.request.onProgress();
  }

  private async retrySetAside(): Promise<void> {
    for await (const batch of this.batchesOf(this.retrySlices())) {
      const { events, refused } = batch;
      await ingestBatch(this.session, { events, refused, cursorHint: null });
      this.totals.retried += events.length + refused.length + batch.duplicates;
      this.request.signal.throwIfAborted();
      this.request.onProgress();
    }
  }

  private batchesOf(slices: AsyncIterable<readonly SyncElement[]>): AsyncGenerator<PreparedBatch> {
    const { batchSize = BATCH_SIZE } = this.deps;
    return batchesOf(slices, { id: this.config.id, origin: this.origin, batchSize });
  }

  private async *retrySlices(): AsyncGenerator<readonly SyncElement[]> {
    const { db, version, maxJobFeeWei } = this.deps;
    const query = { sourceId: this.config.id, trial: { version, maxJobFeeWei }, limit: 250 };
    for (let afterId = 0; ; ) {
      const slice = await listRetries(db, { ...query, afterId });
      const last = slice.at(-1);
      if (last === undefined) return;
      yield slice.map(({ id, place, raw, rawHash }) => ({ place, raw, retry: { id, rawHash } }));
      afterId = last.id;
    }
  }
}

/** Starts on the next batch. Its failure is heard when its turn comes. */
function ahead<T>(batches: AsyncGenerator<T>): Promise<IteratorResult<T>> {
  const next = batches.next();
  next.catch(() => undefined);
  return next;
}

function originOf(config: SourceConfig): EventOrigin {
  const { id, region, nodeType, from } = config;
  if (region === null || nodeType === null) {
    const message = `source "${id}" needs region and nodeType: its events do not say them`;
    throw new PoolError('EVENT_SOURCE_OPTIONS', message, { source: id });
  }
  return { region, nodeType, fromMs: from?.getTime() ?? null };
}
