/** The reasons why an event cannot be counted, and what an operator can do about each. */
import { foreignText } from '../../../base/foreign-text.js';
import type { LosslessJson } from './lossless-json.js';

/** What an operator is told about a refused event. */
interface RefusalEntry {
  /** What can be done about it. docs/operations.md says the same, and a test compares the two. */
  readonly help: string;
  /** Why trying again can never help: for example, another content of its id counts, and this would count on top. */
  readonly hopeless?: string;
  /** What has to change before trying again can help, where the reason of the refusal does not say it. */
  readonly needs?: string;
}

/** Every reason for which an event is set aside, by its code. */
export const REFUSALS = {
  EVENT_NOT_JSON: { help: 'Look at what the source sends; it is read again by each new version.' },
  EVENT_NOT_OBJECT: { help: 'Look at what the source sends: an event is a JSON object.' },
  EVENT_ID_MALFORMED: {
    help: 'Without an id nobody can say whether it was counted before.',
    needs: 'no later version can know whether it was counted before',
  },
  EVENT_TIME_MALFORMED: {
    help: 'Without a time there are no terms and no order: see the clock of the source.',
  },
  EVENT_VERSION_MALFORMED: { help: 'The version is no whole number: see what the source runs.' },
  EVENT_PAYLOAD_MALFORMED: {
    help: 'The payload cannot be read; it is read again by each new version.',
  },
  EVENT_TYPE_MALFORMED: { help: 'The event does not say what it is: see what the source runs.' },
  EVENT_ORIGIN_MALFORMED: {
    help: 'Say region and nodeType in the configuration of the source if the event leaves them out; else see what the source runs.',
  },
  EVENT_ADDRESS_MALFORMED: {
    help: 'The worker was started with an address that is none: tell its owner.',
  },
  EVENT_FEE_MALFORMED: { help: 'The fees are no amount of wei: see what the source runs.' },
  EVENT_REQUEST_MALFORMED: { help: 'The requestID is no short text: see what the source runs.' },
  EVENT_READER_FAILED: {
    help: 'This version failed over it, which is a fault of its own: report it. It is read again by each new version.',
  },
  EVENT_BEFORE_START: {
    help: "It is older than the source's `from`: it belongs to earlier books.",
    needs: "it helps only after the source's `from` was moved back and the workers restarted",
  },
  EVENT_ARCHIVED: {
    help: 'Its month, or a later one, is archived: whether it was counted cannot be seen any more. `openpool archive restore <month>` brings months back; with its own and all later ones back it is told apart again.',
    needs:
      'it helps only after its month and every later one were restored with `openpool archive restore`',
  },
  EVENT_FEE_ABOVE_CAP: {
    help: 'Ask the orchestrator whether it is right. If it is, raise pool.maxJobFee and restart the workers: it is taken in then.',
    needs: 'it helps only after pool.maxJobFee was raised and the workers restarted',
  },
  EVENT_CHANGED: {
    help: 'The same identity (ID and time, or the UUID alone) stood for another event before, which counts: compare the two.',
    hopeless:
      'the same ID and time stood for another event before, and that one counts: counting this one too ' +
      'would count the job twice. Compare the two with `openpool set-aside show`; if this one is right, ' +
      'correct the difference with `openpool adjust`',
  },
  EVENT_COUNTED_ELSEWHERE: {
    help: 'Another source has counted an event of the same time, ID and text. A few may be chance: if it was another job, `openpool adjust` credits it.',
    hopeless:
      'another source has counted an event of the same time, ID and text: counting it here too would count the ' +
      'job twice. If it was another job by chance, credit it with `openpool adjust`',
  },
  EVENT_TOO_LONG: {
    help: 'It is longer than `maxElement` of its source, and was cut off there. If it is right, raise the option, restart the workers, and `openpool backfill` brings it.',
    hopeless:
      'only its beginning was kept: raise `maxElement` of its source, restart the workers, and `openpool backfill` brings it whole',
  },
} as const satisfies Readonly<Record<string, RefusalEntry>>;
export type RefusalCode = keyof typeof REFUSALS;

/** Returns the entry of a code; undefined for a code that only earlier versions of the program used. */
export function refusalEntry(code: string): RefusalEntry | undefined {
  return Object.hasOwn(REFUSALS, code) ? REFUSALS[code as RefusalCode] : undefined;
}

/** Returns what an operator can do about an event that was set aside. */
export function setAsideHelp(event: { readonly code: string; readonly resolvedAt: Date | null }) {
  if (event.resolvedAt !== null) return 'nothing is left to do: it counts';
  const { hopeless, needs, help } = refusalEntry(event.code) ?? { help: TRIED_AGAIN };
  return hopeless ?? needs ?? help;
}

const TRIED_AGAIN = 'it is tried again by each new version, or now: `openpool set-aside retry`';

/** Why one event cannot be counted, with as much of its id and time as could be read. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly reason: string;
  readonly eventId: string | null;
  readonly dtText: string | null;
}

/** Thrown inside the readers only: `readPoolEvent` catches it and returns a Refusal. */
export class EventRefused extends Error {
  override readonly name = 'EventRefused';
  constructor(
    readonly code: RefusalCode,
    message: string,
  ) {
    super(message);
  }
}

/** The limit for a name, in characters: Postgres refuses index rows of more than 2,700 bytes. */
const MAX_NAME_LENGTH = 200;
/**
 * Tells whether a text can be a name: not empty, not too long for an index, without NUL, which Postgres cannot store,
 * and without half characters, which UTF-8 turns all into the same one.
 */
export function isName(text: string): boolean {
  return (
    text !== '' && text.length <= MAX_NAME_LENGTH && !text.includes('\0') && text.isWellFormed()
  );
}

/** Returns a value as a reason quotes it. Objects and arrays may be nested too deep to be written out. */
export function shown(value: LosslessJson | undefined): string {
  if (value === undefined) return '(missing)';
  if (typeof value !== 'object' || value === null) return foreignText(JSON.stringify(value), 80);
  return Array.isArray(value) ? '[…]' : '{…}';
}
