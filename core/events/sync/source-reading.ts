/** Shared by a pass, a backfill and a retry: how a source is read, and the session that stores its batches. */

import { PoolError } from '../../base/errors/pool-error.js';
import type { EventOrigin } from '../rules/reading/pool-event.js';
import type { ReadCounts } from '../rules/sync-reports.js';
import type { EventSource } from '../sources/event-source.js';
import type { SourceConfig } from '../sources/source-config.js';
import {
  type IngestOutcome,
  type IngestSession,
  openIngestSession,
} from '../store/ingest/ingest.js';
import type { ChosenElement } from '../store/set-aside.js';
import type { SourceMemory } from '../store/sources/source-objects.js';
import { batchesOf, type PreparedBatch } from './batches.js';

export interface SyncDeps
  extends Pick<
    IngestSession,
    'db' | 'version' | 'jobMatchWindowMs' | 'maxJobFeeWei' | 'resolveUnknown'
  > {
  readonly sources: ReadonlyMap<string, ConfiguredSource>;
  readonly now?: () => Date;
  /** The number of events in one transaction, give or take a slice of the source. @default 18000 */
  readonly batchSize?: number;
}

/** A source that is configured in this process. */
export interface ConfiguredSource {
  readonly config: SourceConfig;
  readonly source: EventSource;
}

/** Throws SOURCE_UNKNOWN when this process has no such source. */
export function requireSource(
  sources: ReadonlyMap<string, ConfiguredSource>,
  sourceId: string,
): ConfiguredSource {
  const found = sources.get(sourceId);
  if (found !== undefined) return found;
  throw new PoolError('SOURCE_UNKNOWN', `source "${sourceId}" is not configured here`);
}

/** Returns what the configuration says for events that do not say it themselves. */
export function originOf({ region, nodeType, from }: SourceConfig): EventOrigin {
  return { region, nodeType, fromMs: from?.getTime() ?? null };
}

/** The id under which events are stored, and what they are compared with. */
type Identity = Pick<
  IngestSession,
  'sourceId' | 'readerId' | 'readsFrom' | 'isWatched' | 'isAside'
>;

/** Returns the identity for reading a source: a dump stores its events under the id of the source that it is of. */
export function identityOf({ config: { id, of }, source }: ConfiguredSource): Identity {
  if (of === undefined) return { sourceId: id, readsFrom: source.readsFrom };
  return { sourceId: of, readerId: id, isWatched: true };
}

export function openSession(
  deps: SyncDeps,
  { config: { from } }: ConfiguredSource,
  identity: Identity,
): IngestSession {
  const { db, version, jobMatchWindowMs, maxJobFeeWei, resolveUnknown } = deps;
  const { now = () => new Date() } = deps;
  const limits = { jobMatchWindowMs, maxJobFeeWei, from };
  return openIngestSession({ db, version, now, resolveUnknown, ...identity, ...limits });
}

export interface Reading {
  readonly since: Date | null;
  readonly signal: AbortSignal;
  /** Without a memory, a source that consists of objects yields all of them. */
  readonly memory?: SourceMemory;
  readonly batchSize?: number | undefined;
}

/** Reads a source to its end. The next batch is made while the caller stores the last, whose texts live until then. */
export async function* readBatches(
  { config, source }: ConfiguredSource,
  { since, signal: given, memory, batchSize }: Reading,
): AsyncGenerator<PreparedBatch> {
  const reading = new AbortController();
  const signal = AbortSignal.any([given, reading.signal]);
  const slices = source.read({ since, signal, ...(memory && { memory: memory.memory }) });
  const from = { id: config.of ?? config.id, origin: originOf(config), batchSize };
  const batches = batchesOf(slices, from, memory?.read);
  try {
    let next = ahead(batches);
    for (;;) {
      const result = await next;
      if (result.done === true) return;
      next = ahead(batches);
      yield result.value;
      result.value.release();
      given.throwIfAborted();
    }
  } finally {
    reading.abort(new Error('the reading has ended'));
    await batches.return(undefined).catch(() => undefined);
  }
}

/** Starts making the next batch. If that fails, the error is thrown when the caller takes the batch. */
function ahead<T>(batches: AsyncGenerator<T>): Promise<IteratorResult<T>> {
  const next = batches.next();
  next.catch(() => undefined);
  return next;
}

/** Reads elements that were set aside again, as batches of their source. */
export function retryBatches(
  { config }: ConfiguredSource,
  pages: AsyncIterable<readonly ChosenElement[]> | readonly (readonly ChosenElement[])[],
  batchSize?: number,
): AsyncGenerator<PreparedBatch> {
  async function* slices() {
    for await (const page of pages) {
      yield page.map(({ id, place, raw, rawHash }) => ({ place, raw, retry: { id, rawHash } }));
    }
  }
  return batchesOf(slices(), { id: config.id, origin: originOf(config), batchSize });
}

/** Adds up the outcomes of all batches of one reading. */
export class ReadingTally {
  readonly counts: { -readonly [K in keyof ReadCounts]: number };

  /** @param fresh the number of events that earlier attempts have stored */
  constructor(fresh = 0) {
    this.counts = { events: 0, fresh, duplicates: 0, setAside: 0, batches: 0 };
  }

  add(
    batch: Pick<PreparedBatch, 'events' | 'refused' | 'duplicates'>,
    outcome: Omit<IngestOutcome, 'newestFreshMs'>,
  ): void {
    const { counts } = this;
    counts.events += sizeOf(batch);
    counts.fresh += outcome.fresh;
    counts.duplicates += outcome.duplicates + batch.duplicates;
    counts.setAside += outcome.setAside;
    counts.batches += 1;
  }
}

export function sizeOf(batch: Pick<PreparedBatch, 'events' | 'refused' | 'duplicates'>): number {
  return batch.events.length + batch.refused.length + batch.duplicates;
}
