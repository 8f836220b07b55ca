/** What a job is called on a command line and in the ledger: `source/time/event id`. */
import type { EventKey } from './credit.js';

/** A job in the pool: its source, and its event's identity there. */
export interface JobKey extends EventKey {
  readonly sourceId: string;
}

const RFC3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;

/** One word that a person can copy: `orch-1/2026-03-01T12:00:00Z/17`. */
export function formatJobHandle({ sourceId, dtMs, eventId }: JobKey): string {
  const dt = new Date(dtMs).toISOString().replace('.000Z', 'Z');
  return `${sourceId}/${dt}/${eventId}`;
}

/** Reads a handle; undefined for anything else. Only the event's id may hold a slash. */
export function parseJobHandle(text: string): JobKey | undefined {
  const match = /^([^/]+)\/([^/]+)\/(.+)$/su.exec(text);
  const [, sourceId, dt = '', eventId] = match ?? [];
  if (sourceId === undefined || eventId === undefined || !RFC3339_UTC.test(dt)) return undefined;
  const dtMs = Date.parse(dt);
  return Number.isNaN(dtMs) ? undefined : { sourceId, dtMs, eventId };
}
