/** The kinds of sources, and the function that makes a source of each. */
import { PoolError } from '../../base/errors/pool-error.js';
import type { EventSource, EventSourceConfig } from './event-source.js';
import { createFile } from './file.js';
import { createGenerator } from './generator.js';
import { createModule } from './module.js';
import { createOrchestratorHttp } from './orchestrator-http.js';
import { createS3 } from './s3/s3.js';

/** Each checks the options of a source and makes it. The source reads no events yet. */
const FACTORIES = new Map<string, (config: EventSourceConfig) => Promise<EventSource>>([
  ['orchestrator-http', createOrchestratorHttp],
  ['s3', createS3],
  ['file', createFile],
  ['generator', (config) => createGenerator(config)],
  ['module', createModule],
]);

/** Makes the source that a configuration describes. Throws EVENT_SOURCE_KIND_UNKNOWN, or what its kind throws. */
export async function createEventSource(config: EventSourceConfig): Promise<EventSource> {
  const factory = FACTORIES.get(config.kind);
  if (factory === undefined) {
    const kinds = [...FACTORIES.keys()].join(', ');
    const message = `source "${config.id}" is of the unknown kind "${config.kind}"; known: ${kinds}`;
    throw new PoolError('EVENT_SOURCE_KIND_UNKNOWN', message, { source: config.id });
  }
  return factory(config);
}
