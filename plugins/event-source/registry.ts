import { PoolError } from '../../domain/pool-error.js';
import type { EventSource, EventSourceConfig } from './event-source.js';
import { createOrchestratorHttp } from './orchestrator-http.js';

/** Checks its options and makes the source; reads nothing yet. */
export type EventSourceFactory = (config: EventSourceConfig) => EventSource;

const FACTORIES: ReadonlyMap<string, EventSourceFactory> = new Map([
  ['orchestrator-http', createOrchestratorHttp],
]);

/** Makes the source that a configuration describes, or throws a final PoolError. */
export function createEventSource(config: EventSourceConfig): EventSource {
  const factory = FACTORIES.get(config.kind);
  if (factory === undefined) {
    const kinds = [...FACTORIES.keys()].join(', ');
    const message = `source "${config.id}" is of the unknown kind "${config.kind}"; known: ${kinds}`;
    throw new PoolError('EVENT_SOURCE_KIND_UNKNOWN', message, { source: config.id });
  }
  return factory(config);
}
