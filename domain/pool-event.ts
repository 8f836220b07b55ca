/**
 * Pool events as an orchestrator says them, made uniform. Everything here is input from outside:
 * what cannot be read is refused by name, and whoever calls keeps the refused text.
 */
import { type EventContent, KNOWN_VERSION, readContent } from './pool-event-content.js';
import {
  asNatural,
  asObject,
  field,
  type LosslessJson,
  type LosslessObject,
  parseLossless,
} from './pool-event-json.js';
import {
  EventRefused,
  isName,
  type Refusal,
  type RefusalCode,
  shown,
} from './pool-event-refusal.js';
import type { NodeType } from './remote-worker.js';

/** One event, valid in every field. */
export interface PoolEvent {
  /** With the source and `dtMs`, the event's identity. */
  readonly eventId: string;
  /** The event's own time, in milliseconds since 1970. */
  readonly dtMs: number;
  /** As said, known to this version or not. */
  readonly eventType: string;
  readonly version: number;
  readonly region: string;
  readonly nodeType: NodeType;
  /** The payload's text as said. */
  readonly payload: string;
  /** What it means; `note` when it is only kept and counted. */
  readonly content: EventContent;
}

export type EventReading =
  | { readonly ok: true; readonly event: PoolEvent }
  | { readonly ok: false; readonly refusal: Refusal };

/** What a source's configuration says for events that do not say it themselves. */
export interface EventOrigin {
  readonly region: string;
  readonly nodeType: NodeType;
  /** Events before this time belong to somebody else's books. */
  readonly fromMs: number | null;
}

/** The envelope of one dialect: where identity, time and payload stand in its elements. */
interface Envelope {
  readonly version: number;
  readonly eventType: string;
  readonly payload: string;
  readonly fields: LosslessObject;
}

const MAX_INT4 = 2n ** 31n - 1n;
// Before the network existed nobody earned on it; Go's zero time is the year 1.
const EARLIEST_MS = Date.UTC(2015, 0, 1);
const LATEST_MS = Date.UTC(3000, 0, 1);
const RFC3339 = /^(\d{4}-\d{2}-(\d{2}))[T ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/**
 * Reads one element of an orchestrator's answer (`/pool/events`): keys capitalised or not, the
 * payload a string that holds JSON.
 *
 * @param raw the element's JSON text as received
 */
export function readPoolEvent(raw: string, origin: EventOrigin): EventReading {
  let element: LosslessObject | undefined;
  try {
    element = readElement(raw);
    const eventId = readEventId(element);
    const dtMs = readTime(element, origin);
    const { version, eventType, payload, fields } = readHttpEnvelope(element);
    const content = readContent({ eventType, version, fields });
    const { region, nodeType } = origin;
    return {
      ok: true,
      event: { eventId, dtMs, eventType, version, region, nodeType, payload, content },
    };
  } catch (error) {
    if (!(error instanceof EventRefused)) throw error;
    return { ok: false, refusal: refusalOf(error, element) };
  }
}

function refusalOf(error: EventRefused, element: LosslessObject | undefined): Refusal {
  const told = (...keys: readonly string[]): string | null => {
    const value = element === undefined ? undefined : field(element, ...keys);
    if (typeof value !== 'string' && typeof value !== 'number') return null;
    return String(value).slice(0, 200);
  };
  return {
    code: error.code,
    reason: error.message,
    eventId: told('ID', 'id'),
    dtText: told('DT', 'dt'),
  };
}

function readElement(raw: string): LosslessObject {
  const element = asObject(parse(raw, 'EVENT_NOT_JSON', 'the element is no JSON'));
  if (element !== undefined) return element;
  throw new EventRefused('EVENT_NOT_OBJECT', 'the element is no JSON object');
}

function parse(text: string, code: RefusalCode, what: string): LosslessJson {
  try {
    return parseLossless(text);
  } catch (error) {
    throw new EventRefused(code, `${what}: ${error instanceof Error ? error.message : 'unknown'}`);
  }
}

function readEventId(element: LosslessObject): string {
  const id = field(element, 'ID', 'id');
  const text = typeof id === 'number' && Number.isSafeInteger(id) ? String(id) : id;
  if (typeof text === 'string' && isName(text)) return text;
  throw new EventRefused('EVENT_ID_MALFORMED', `ID ${shown(id)} is neither a number nor a text`);
}

function readTime(element: LosslessObject, origin: EventOrigin): number {
  const text = field(element, 'DT', 'dt');
  const dtMs = typeof text === 'string' ? parseTime(text) : undefined;
  if (dtMs === undefined || dtMs < EARLIEST_MS || dtMs >= LATEST_MS) {
    throw new EventRefused('EVENT_TIME_MALFORMED', `DT ${shown(text)} is no time of an event`);
  }
  if (origin.fromMs !== null && dtMs < origin.fromMs) {
    const from = new Date(origin.fromMs).toISOString();
    throw new EventRefused('EVENT_BEFORE_START', `it is older than ${from}, the source's start`);
  }
  return dtMs;
}

// Many events in a row have the same second.
let lastTime: { readonly text: string; readonly dtMs: number | undefined } = {
  text: '',
  dtMs: undefined,
};

/** RFC 3339 with a zone; undefined for anything else, days that no calendar has included. */
function parseTime(text: string): number | undefined {
  if (text !== lastTime.text) lastTime = { text, dtMs: timeOf(text) };
  return lastTime.dtMs;
}

function timeOf(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, date = '', day = '', clock = '', fraction = '', zone = ''] = match;
  // The engine turns February 30th into March 2nd without a word.
  const midnight = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime()) || midnight.getUTCDate() !== Number(day)) return undefined;
  const dtMs = Date.parse(`${date}T${clock}${fraction.slice(0, 4)}${zone}`);
  return Number.isNaN(dtMs) ? undefined : dtMs;
}

function readHttpEnvelope(element: LosslessObject): Envelope {
  const payload = field(element, 'Payload', 'payload');
  if (typeof payload !== 'string' || payload.includes('\0')) {
    throw new EventRefused('EVENT_PAYLOAD_MALFORMED', 'Payload is no string that holds JSON');
  }
  const body = asObject(parse(payload, 'EVENT_PAYLOAD_MALFORMED', 'the payload is no JSON'));
  if (body === undefined) {
    throw new EventRefused('EVENT_PAYLOAD_MALFORMED', 'the payload is no JSON object');
  }
  const eventType = field(body, 'event_type');
  if (typeof eventType !== 'string' || !isName(eventType)) {
    throw new EventRefused('EVENT_TYPE_MALFORMED', `event_type ${shown(eventType)} is no name`);
  }
  const inner = field(body, 'payload') ?? null;
  const fields = inner === null ? {} : asObject(inner);
  if (fields === undefined) {
    throw new EventRefused('EVENT_PAYLOAD_MALFORMED', "the event's own payload is no object");
  }
  return { version: readVersion(element), eventType, payload, fields };
}

function readVersion(element: LosslessObject): number {
  const said = field(element, 'Version', 'version') ?? KNOWN_VERSION;
  const version = asNatural(said, MAX_INT4);
  if (version !== undefined) return Number(version);
  throw new EventRefused('EVENT_VERSION_MALFORMED', `Version ${shown(said)} is no version number`);
}
