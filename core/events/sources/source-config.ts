import type { EventSourceConfig } from './event-source.js';

/** A source as the configuration has it: what its plugin sees, and what the pool itself needs to know. */
export interface SourceConfig extends EventSourceConfig {
  /** For kind `file`: the id of the source whose events the file contains. They count under that id. */
  readonly of?: string;
  /** Events before this time are not counted; null: all events count. */
  readonly from: Date | null;
  readonly syncIntervalMs: number;
}
