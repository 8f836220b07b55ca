import type { EventSourceConfig } from './event-source.js';

/** A source as the configuration has it: what its plugin sees, and what the pool itself needs to know. */
export interface SourceConfig extends EventSourceConfig {
  /** For kind `file`: the source whose events it holds, and under whose id they count. */
  readonly of?: string;
  /** Events before this time are not counted; null: all are, from the beginning. */
  readonly from: Date | null;
  readonly syncIntervalMs: number;
}
