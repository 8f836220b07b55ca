/**
 * Defines what each type of event means, in one table: how its content is read for crediting, and which role its counts
 * play. One more type is one more line here, and a reader in event-content.ts if it means something new.
 */
import {
  type EventContent,
  NOTE,
  RESET,
  readConnection,
  readJob,
  readReceived,
} from './event-content.js';
import type { LosslessObject } from './lossless-json.js';

/**
 * What a type means where only its counts are known: in the sentinel's rules, the charts and the metrics.
 *
 * - `presence`: workers come and go, which says nothing about how busy a source is.
 * - `received`: a job begins.
 * - `job`: a job is done and has fees, which makes a fee of zero suspicious.
 * - `note`: the type is known, and its events are only stored and counted.
 */
export type EventRole = 'presence' | 'received' | 'job' | 'note';

interface EventType {
  readonly role: EventRole;
  /** Reads the event's own fields. Without a reader the event is stored and counted, and credits nobody. */
  readonly read?: (fields: LosslessObject) => EventContent;
}

const EVENT_TYPES: ReadonlyMap<string, EventType> = new Map<string, EventType>([
  ['orchestrator-reset', { role: 'presence', read: () => RESET }],
  ['gateway-reset', { role: 'presence', read: () => RESET }],
  ['node-reset', { role: 'presence', read: () => RESET }],
  ['worker-connected', { role: 'presence', read: (fields) => readConnection(fields, true) }],
  ['worker-disconnected', { role: 'presence', read: (fields) => readConnection(fields, false) }],
  ['job-received', { role: 'received', read: readReceived }],
  ['job-processed', { role: 'job', read: (fields) => readJob(fields, 'computeUnits') }],
  // In the format of files, `transcode` means a processed transcode job. Its AI events contain no fees and no request id.
  ['transcode', { role: 'job', read: (fields) => readJob(fields, 'encodedPixels') }],
  ['ai-job-sent', { role: 'received' }],
  ['ai-job-processedd', { role: 'note' }],
  ['performance-stats', { role: 'note' }],
  ['ticket-redeemed', { role: 'note' }],
]);

/** The newest version of payloads whose meaning is known. An event without a version is read as this one. */
export const KNOWN_VERSION = 1;

/** Returns the role of a type; undefined when this program does not know the type or the version. */
export function roleOf(eventType: string, version: number): EventRole | undefined {
  return version > KNOWN_VERSION ? undefined : EVENT_TYPES.get(eventType)?.role;
}

/** Reads an event's content; a note if its version is later: amounts may be in another unit. Throws EventRefused. */
export function readContent(event: {
  readonly eventType: string;
  readonly version: number;
  readonly fields: LosslessObject;
}): EventContent {
  if (event.version > KNOWN_VERSION) return NOTE;
  return EVENT_TYPES.get(event.eventType)?.read?.(event.fields) ?? NOTE;
}
