/** What the types of events stand for, where only their counts are known. */
import { KNOWN_VERSION } from './pool-event-content.js';

/** `presence`: workers come and go; `job`: fees; `received`: a job begins; `note`: kept, no more. */
export type EventRole = 'presence' | 'job' | 'received' | 'note';

const ROLES: ReadonlyMap<string, EventRole> = new Map([
  ['orchestrator-reset', 'presence'],
  ['gateway-reset', 'presence'],
  ['node-reset', 'presence'],
  ['worker-connected', 'presence'],
  ['worker-disconnected', 'presence'],
  ['job-received', 'received'],
  ['ai-job-sent', 'received'],
  ['job-processed', 'job'],
  ['transcode', 'job'],
  ['ai-job-processedd', 'note'],
  ['performance-stats', 'note'],
  ['ticket-redeemed', 'note'],
]);

/** Undefined for types and versions that this program does not know. */
export function roleOf(eventType: string, version: number): EventRole | undefined {
  return version > KNOWN_VERSION ? undefined : ROLES.get(eventType);
}
