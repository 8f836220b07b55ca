/** A job's handle, its name on a command line and in the ledger: `source/time/event id`. */

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

/** Reads a handle; undefined for any other text. Only the event's id may contain a slash. */
export function parseJobHandle(text: string): JobKey | undefined {
  const match = /^([^/]+)\/([^/]+)\/(.+)$/su.exec(text);
  const [, sourceId, dt = '', eventId] = match ?? [];
  if (sourceId === undefined || eventId === undefined || !UTC.test(dt)) return undefined;
  const dtMs = readTime(dt);
  if (dtMs === undefined || textFault(text) !== undefined) return undefined;
  return { sourceId, dtMs, eventId };
}
