/** A source as batches for the store, the next one being made while the last one is stored. */

import { PoolError } from '../../base/errors/pool-error.js';
import type { EventOrigin } from '../rules/reading/pool-event.js';
import type { EventSource } from '../sources/event-source.js';
import type { SourceConfig } from '../sources/source-config.js';
import { refuseReading } from '../store/sources/source-stops.js';
import type { SourceProgress } from '../store/sources/sources.js';
import { batchesOf, type PreparedBatch } from './sync-batches.js';
import type { SourceMemory } from './sync-memory.js';

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

/** What the configuration says for events that do not say it themselves. */
export function originOf({ region, nodeType, from }: SourceConfig): EventOrigin {
  return { region, nodeType, fromMs: from?.getTime() ?? null };
}

/** Under which id what is read is stored, and what it is compared with. */
export function identityOf({ config, source }: ConfiguredSource) {
  const { id, of } = config;
  if (of === undefined) return { sourceId: id, readsFrom: source.readsFrom };
  return { sourceId: of, readerId: id, isWatched: true };
}

/** Throws when a person has to decide first, or when this process reads the source where it was before. */
export function refuseStopped(
  { config, source }: ConfiguredSource,
  progress: Pick<SourceProgress, 'readsFrom' | 'stoppedWhy'>,
): void {
  const { readsFrom } = source;
  const row = { id: config.id, reads_from: progress.readsFrom, stopped_why: progress.stoppedWhy };
  refuseReading(row, { readsFrom });
}

export interface Reading {
  readonly since: Date | null;
  readonly signal: AbortSignal;
  /** Without one, a source that is made of objects gives them all. */
  readonly memory?: SourceMemory;
  /** Events of one batch. @default 18000 */
  readonly batchSize?: number | undefined;
}

/**
 * Reads to the end, or until whoever takes the batches stops taking them. The texts of a batch are good
 * until the next one is asked for.
 */
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

/** Starts on the next batch. Its failure is heard when its turn comes. */
function ahead<T>(batches: AsyncGenerator<T>): Promise<IteratorResult<T>> {
  const next = batches.next();
  next.catch(() => undefined);
  return next;
}
