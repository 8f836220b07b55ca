import { foreignText } from '../../../base/foreign-text.js';
import type { LosslessJson } from './pool-event-json.js';

/** Why an event is set aside, and what can be done; docs/operations.md has an entry for each. */
export const REFUSALS = {
  EVENT_NOT_JSON: 'Look at what the source sends; it is read again by each new version.',
  EVENT_NOT_OBJECT: 'Look at what the source sends: an event is a JSON object.',
  EVENT_ID_MALFORMED: 'Without an id nobody can say whether it was counted before.',
  EVENT_TIME_MALFORMED:
    'Without a time there are no terms and no order: see the clock of the source.',
  EVENT_VERSION_MALFORMED: 'The version is no whole number: see what the source runs.',
  EVENT_PAYLOAD_MALFORMED: 'The payload cannot be read; it is read again by each new version.',
  EVENT_TYPE_MALFORMED: 'The event does not say what it is: see what the source runs.',
  EVENT_ORIGIN_MALFORMED:
    'Say region and nodeType in the configuration of the source if the event leaves them out; else see what the source runs.',
  EVENT_ADDRESS_MALFORMED: 'The worker was started with an address that is none: tell its owner.',
  EVENT_FEE_MALFORMED: 'The fees are no amount of wei: see what the source runs.',
  EVENT_REQUEST_MALFORMED: 'The requestID is no short text: see what the source runs.',
  EVENT_READER_FAILED:
    'This version failed over it, which is a fault of its own: report it. It is read again by each new version.',
  EVENT_BEFORE_START: "It is older than the source's `from`: it belongs to earlier books.",
  EVENT_ARCHIVED:
    'Its month, or a later one, is archived: whether it was counted cannot be seen any more. `openpool archive restore <month>` brings months back; with its own and all later ones back it is told apart again.',
  EVENT_FEE_ABOVE_CAP:
    'Ask the orchestrator whether it is right. If it is, raise pool.maxJobFee and restart the workers: it is taken in then.',
  EVENT_CHANGED:
    'The same identity (ID and time, or the UUID alone) stood for another event before, which counts: compare the two.',
  EVENT_COUNTED_ELSEWHERE:
    'Another source has counted an event of the same time, ID and text. A few may be chance: if it was another job, `openpool adjust` credits it.',
  EVENT_TOO_LONG:
    'It is longer than `maxElement` of its source, and was cut off there. If it is right, raise the option, restart the workers, and `openpool backfill` brings it.',
} as const;
export type RefusalCode = keyof typeof REFUSALS;

/** An event that cannot be counted, with what could be read of its identity. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly reason: string;
  readonly eventId: string | null;
  readonly dtText: string | null;
}

/** Thrown inside the readers and turned into a Refusal by `readPoolEvent`; never leaves domain. */
export class EventRefused extends Error {
  override readonly name = 'EventRefused';
  constructor(
    readonly code: RefusalCode,
    message: string,
  ) {
    super(message);
  }
}

// Indexes hold these texts, and Postgres refuses index rows of more than 2 700 bytes.
const MAX_NAME_LENGTH = 200;
/**
 * Postgres text holds no NUL, and its indexes no long texts. Half a character is none either: UTF-8 turns
 * all of them into the same one, and so two names into one.
 */
export function isName(text: string): boolean {
  return (
    text !== '' && text.length <= MAX_NAME_LENGTH && !text.includes('\0') && text.isWellFormed()
  );
}

/** A value as a refusal's reason quotes it: what it holds may be deeper than the engine can follow. */
export function shown(value: LosslessJson | undefined): string {
  if (value === undefined) return '(missing)';
  if (typeof value !== 'object' || value === null) return foreignText(JSON.stringify(value), 80);
  return Array.isArray(value) ? '[…]' : '{…}';
}
