/** A source as batches for the store, the next one being made while the last one is stored. */
import type { SourceConfig } from '../config.js';
import { PoolError } from '../domain/pool-error.js';
import type { EventOrigin } from '../domain/pool-event.js';
import type { EventSource } from '../plugins/event-source/event-source.js';
import { batchesOf, type PreparedBatch } from './sync-batches.js';

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
export function originOf(config: SourceConfig): EventOrigin {
  const { id, region, nodeType, from } = config;
  if (region === null || nodeType === null) {
    const message = `source "${id}" needs region and nodeType: its events do not say them`;
    throw new PoolError('EVENT_SOURCE_OPTIONS', message, { source: id });
  }
  return { region, nodeType, fromMs: from?.getTime() ?? null };
}

/** Reads to the end, or until whoever takes the batches stops taking them. */
export async function* readBatches(
  { config, source }: ConfiguredSource,
  request: { readonly since: Date | null; readonly signal: AbortSignal },
): AsyncGenerator<PreparedBatch> {
  const reading = new AbortController();
  const signal = AbortSignal.any([request.signal, reading.signal]);
  const slices = source.read({ since: request.since, signal });
  const batches = batchesOf(slices, { id: config.id, origin: originOf(config) });
  try {
    let next = ahead(batches);
    for (;;) {
      const result = await next;
      if (result.done === true) return;
      next = ahead(batches);
      yield result.value;
      request.signal.throwIfAborted();
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
