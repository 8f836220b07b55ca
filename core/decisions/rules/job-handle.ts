/** A job's handle, its name on a command line and in the ledger: `source/time/event id`. */
import { PoolError } from '../../base/errors/pool-error.js';
import { textFault } from '../../base/text.js';
import { readTime } from '../../base/time.js';
import type { EventKey } from '../../events/rules/credit.js';

/** Identifies a job in the pool: its source, and its event there. */
export interface JobKey extends EventKey {
  readonly sourceId: string;
}

/** The end of a UTC time as `formatJobHandle` writes it. */
const UTC = /:\d\d(\.\d{3})?Z$/;

/** Writes the key as one word that a person can copy: `orch-1/2026-03-01T12:00:00Z/17`. */
export function formatJobHandle({ sourceId, dtMs, eventId }: JobKey): string {
  const dt = new Date(dtMs).toISOString().replace('.000Z', 'Z');
  return `${sourceId}/${dt}/${eventId}`;
}

/** Reads a handle, in which only the event's id may contain a slash. Throws REQUEST_INVALID for any other text. */
export function parseJobHandle(text: string): JobKey {
  const match = /^([^/]+)\/([^/]+)\/(.+)$/su.exec(text);
  const [, sourceId, dt = '', eventId] = match ?? [];
  const dtMs = UTC.test(dt) && textFault(text) === undefined ? readTime(dt) : undefined;
  if (sourceId !== undefined && eventId !== undefined && dtMs !== undefined) {
    return { sourceId, dtMs, eventId };
  }
  const words = `"${text}" is no job: source/2026-01-31T12:00:00Z/event, as the list shows it`;
  throw new PoolError('REQUEST_INVALID', words);
}
