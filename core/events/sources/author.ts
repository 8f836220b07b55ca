/** Exports what the author of an event source outside this project imports, as `openpool/event-source`. */

export type { PoolErrorCode } from '../../base/errors/catalogue.js';
export { PoolError } from '../../base/errors/pool-error.js';
export type { OptionsIssue, OptionsSchema, OptionsVerdict } from '../../plugins/options.js';
export type {
  EventSource,
  EventSourceConfig,
  EventSourceModule,
  ListedObject,
  ObjectMemory,
  RawEvent,
  ReadRequest,
  ScanOptions,
} from './event-source.js';
export { createEventSource } from './registry.js';
export { scanArray } from './scanners/array-scanner.js';
export { scanLines } from './scanners/line-scanner.js';
