/** What the author of an event source outside this project imports, as `openpool/event-source`. */
export { PoolError, type PoolErrorCode } from '../../domain/pool-error.js';
export { type ScanOptions, scanArray } from './array-scanner.js';
export type {
  EventSource,
  EventSourceConfig,
  EventSourceModule,
  ListedObject,
  ObjectMemory,
  OptionsIssue,
  OptionsSchema,
  OptionsVerdict,
  RawEvent,
  ReadRequest,
} from './event-source.js';
export { scanLines } from './line-scanner.js';
export { createEventSource } from './registry.js';
