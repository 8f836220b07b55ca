/** Which task queues nobody polls. */

export interface QueueSeen {
  readonly queue: string;
  readonly kind: 'workflow' | 'activity';
  /** When a worker polled it last, by the clock of Temporal; null: nobody within the last minutes. */
  readonly polledMs: number | null;
}

/** An idle worker polls again after a minute, so a queue that is two minutes behind the others has lost its worker. */
const SILENT_MS = 120_000;

/**
 * Lists the queues that nobody polls. They are compared with the queue that was polled last, so that no other clock than
 * Temporal's plays a part.
 */
export function unpolledQueues(seen: readonly QueueSeen[]): readonly QueueSeen[] {
  const newestMs = Math.max(...seen.map(({ polledMs }) => polledMs ?? 0), 0);
  return seen.filter(({ polledMs }) => polledMs === null || newestMs - polledMs > SILENT_MS);
}
