/**
 * Reads one pool event as an orchestrator wrote it. All of it is input from outside: an event that cannot be read is
 * refused with a code, and the caller keeps its text.
 */
import { foreignText } from '../../../base/foreign-text.js';
import type { NodeType } from '../../../base/remote-worker.js';
import { isCalendarDay, LATEST_MS } from '../../../base/time.js';
import type { EventContent } from './event-content.js';
import { KNOWN_VERSION, readContent } from './event-type.js';
import {
  asNatural,
  asObject,
  compactMember,
  field,
  type LosslessJson,
  type LosslessObject,
  parseLossless,
} from './lossless-json.js';
import { EventRefused, isName, type Refusal, type RefusalCode, shown } from './refusals.js';

/** One event, valid in every field. */
export interface PoolEvent {
  /** The event's id. Together with the source and `dtMs` it identifies the event. */
  readonly eventId: string;
  /** The event id when it is a UUID, which identifies the event in any source and at any time. */
  readonly uuid?: string;
  /** The event's own time, in milliseconds since 1970. */
  readonly dtMs: number;
  /** The type as the event says it, whether this version knows it or not. */
  readonly eventType: string;
  readonly version: number;
  readonly region: string;
  readonly nodeType: NodeType;
  /** The payload with every digit as it came; in both dialects it is `{"event_type": …, "payload": {…}}`. */
  readonly payload: string;
  /** The content of the event; `note` when it is only stored and counted. */
  readonly content: EventContent;
}

export type EventReading =
  | { readonly ok: true; readonly event: PoolEvent }
  | { readonly ok: false; readonly refusal: Refusal };

/** What a source's configuration says for events that do not say it themselves; null when it says nothing. */
export interface EventOrigin {
  readonly region: string | null;
  readonly nodeType: NodeType | null;
  /** Events before this time belong to earlier books and are refused. */
  readonly fromMs: number | null;
}

/** Earlier event times are refused: the network did not exist then, and Go writes a missing time as the year 1. */
export const EARLIEST_MS = Date.UTC(2015, 0, 1);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const RFC3339 =
  /^(\d{4}-\d{2}-(\d{2}))[T ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

/** Reads the JSON text of one element of an orchestrator's answer (`/pool/events`) or of one of its files. */
export function readPoolEvent(raw: string, origin: EventOrigin): EventReading {
  let element: LosslessObject | undefined;
  try {
    element = readElement(raw);
    const said = readEventId(element);
    const dtMs = readTime(element, origin);
    const envelope = readEnvelope(element, raw);
    const { version, eventType, payload } = envelope;
    const uuid = readUuid(said, envelope);
    const region = envelope.region ?? origin.region;
    const nodeType = envelope.nodeType ?? origin.nodeType;
    if (region === null || nodeType === null) throw fromNowhere(region);
    const content = readContent(envelope);
    // Written out without spreading: objects of one shape are made and read several times as fast.
    const event = { eventId: said, dtMs, eventType, version, region, nodeType, payload, content };
    return { ok: true, event: uuid === undefined ? event : { ...event, eventId: uuid, uuid } };
  } catch (error) {
    return { ok: false, refusal: refusalOf(error, element) };
  }
}

/** Turns any error into a refusal, because one event must not hold up those after it. */
function refusalOf(error: unknown, element: LosslessObject | undefined): Refusal {
  const told = (key: string, otherwise: string): string | null => {
    const value = element === undefined ? undefined : field(element, key, otherwise);
    if (typeof value !== 'string' && typeof value !== 'number') return null;
    return String(value).slice(0, 200);
  };
  const isRefused = error instanceof EventRefused;
  return {
    code: isRefused ? error.code : 'EVENT_READER_FAILED',
    reason: isRefused ? error.message : `reading it failed: ${foreignText(String(error))}`,
    eventId: told('ID', 'id'),
    dtText: told('DT', 'dt'),
  };
}

function readElement(raw: string): LosslessObject {
  const element = asObject(parse(raw, 'EVENT_NOT_JSON', 'the element is no JSON'));
  if (element !== undefined) return element;
  throw new EventRefused('EVENT_NOT_OBJECT', 'the element is no JSON object');
}

function readEventId(element: LosslessObject): string {
  const { ID: id = element['id'] } = element;
  if (typeof id === 'number' && Number.isSafeInteger(id)) return String(id);
  if (typeof id === 'string' && isName(id)) return id;
  throw new EventRefused('EVENT_ID_MALFORMED', `ID ${shown(id)} is neither a number nor a text`);
}

function readTime(element: LosslessObject, origin: EventOrigin): number {
  const { DT: text = element['dt'] } = element;
  const dtMs = typeof text === 'string' ? readEventTime(text) : undefined;
  if (dtMs === undefined || dtMs < EARLIEST_MS || dtMs >= LATEST_MS) {
    throw new EventRefused('EVENT_TIME_MALFORMED', `DT ${shown(text)} is no time of an event`);
  }
  if (origin.fromMs !== null && dtMs < origin.fromMs) {
    const from = new Date(origin.fromMs).toISOString();
    throw new EventRefused('EVENT_BEFORE_START', `it is older than ${from}, the source's start`);
  }
  return dtMs;
}

// The last time is remembered, because many events in a row have the same second.
let lastTime: { readonly text: string; readonly dtMs: number | undefined } = {
  text: '',
  dtMs: undefined,
};

/** Reads a time in RFC 3339 with a zone; undefined for anything else, and for days that the calendar does not have. */
export function readEventTime(text: string): number | undefined {
  if (text !== lastTime.text) lastTime = { text, dtMs: timeOf(text) };
  return lastTime.dtMs;
}

function timeOf(text: string): number | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, date = '', day = '', clock = '', fraction = '', zone = ''] = match;
  if (!isCalendarDay(date, day)) return undefined;
  const dtMs = Date.parse(`${date}T${clock}${fraction.slice(0, 4)}${zone}`);
  return Number.isNaN(dtMs) ? undefined : dtMs;
}

/** Returns the id in lower case when it is a UUID, because capitals do not make another UUID. */
function readUuid(said: string, { isFileDialect }: Envelope): string | undefined {
  return isFileDialect && UUID.test(said) ? said.toLowerCase() : undefined;
}

function fromNowhere(region: string | null): EventRefused {
  const missing = region === null ? 'Region' : 'NodeType';
  const message = `neither the event nor the source's configuration says its ${missing}`;
  return new EventRefused('EVENT_ORIGIN_MALFORMED', message);
}

/** What an event says besides its id and its time. */
interface Envelope {
  readonly version: number;
  readonly eventType: string;
  /** The text that is stored, in both dialects as `{"event_type": …, "payload": {…}}`. */
  readonly payload: string;
  readonly fields: LosslessObject;
  /** The region that the event names. Only events of files name region and node type; null when an event does not. */
  readonly region: string | null;
  readonly nodeType: NodeType | null;
  /** Whether it is in the dialect of files, where a UUID as id names the event everywhere, not only in its source. */
  readonly isFileDialect: boolean;
}

const MAX_INT4 = 2n ** 31n - 1n;

/**
 * Reads the envelope of an event. In an orchestrator's answer the payload is a string of JSON that also contains the
 * event's type; in files it is an object next to the type. Keys may be capitalised or not. Throws EventRefused.
 */
function readEnvelope(element: LosslessObject, raw: string): Envelope {
  const { Payload: payload = element['payload'] } = element;
  const isFile = sayEventType(element) !== undefined || asObject(payload) !== undefined;
  return isFile ? readFileEnvelope(element, raw) : readHttpEnvelope(element, payload);
}

/** Parses JSON. Throws EventRefused with this code when the text is not JSON. */
function parse(text: string, code: RefusalCode, what: string): LosslessJson {
  try {
    return parseLossless(text);
  } catch (error) {
    throw new EventRefused(code, `${what}: ${foreignText(error)}`);
  }
}

function readHttpEnvelope(element: LosslessObject, payload: LosslessJson | undefined): Envelope {
  if (typeof payload !== 'string' || payload.includes('\0')) {
    throw new EventRefused('EVENT_PAYLOAD_MALFORMED', 'Payload is no string that holds JSON');
  }
  const body = asObject(parse(payload, 'EVENT_PAYLOAD_MALFORMED', 'the payload is no JSON'));
  if (body === undefined) {
    throw new EventRefused('EVENT_PAYLOAD_MALFORMED', 'the payload is no JSON object');
  }
  const eventType = readName(body['event_type'], 'event_type', 'EVENT_TYPE_MALFORMED');
  const fields = asObject(body['payload'] ?? {});
  if (fields === undefined) {
    throw new EventRefused('EVENT_PAYLOAD_MALFORMED', "the event's own payload is no object");
  }
  return {
    version: readVersion(element),
    eventType,
    payload,
    fields,
    region: null,
    nodeType: null,
    isFileDialect: false,
  };
}

/**
 * Reads the dialect of files, and gives the payload the form of the other dialect. Blanks between tokens are dropped: a
 * copy made by hand is often indented differently and is still the same event. No digit is changed.
 */
function readFileEnvelope(element: LosslessObject, raw: string): Envelope {
  const eventType = readName(sayEventType(element), 'EventType', 'EVENT_TYPE_MALFORMED');
  const key = Object.hasOwn(element, 'Payload') ? 'Payload' : 'payload';
  const said = field(element, key) ?? null;
  const fields = asObject(said ?? {});
  if (fields === undefined) {
    throw new EventRefused('EVENT_PAYLOAD_MALFORMED', 'Payload is no object, beside an EventType');
  }
  const text = said === null ? '{}' : compactMember(raw, key);
  const region = field(element, 'Region', 'region') ?? '';
  return {
    version: readVersion(element),
    eventType,
    payload: `{"event_type":${JSON.stringify(eventType)},"payload":${text}}`,
    fields,
    region: region === '' ? null : readName(region, 'Region', 'EVENT_ORIGIN_MALFORMED'),
    nodeType: readNodeType(field(element, 'NodeType', 'nodeType') ?? ''),
    isFileDialect: true,
  };
}

function sayEventType(element: LosslessObject): LosslessJson | undefined {
  const { EventType: said = element['eventType'] } = element;
  return said ?? element['event_type'];
}

function readName(said: LosslessJson | undefined, key: string, code: RefusalCode): string {
  if (typeof said === 'string' && isName(said)) return said;
  throw new EventRefused(code, `${key} ${shown(said)} is no name`);
}

function readVersion(element: LosslessObject): number {
  const { Version: said = element['version'] } = element;
  const version = asNatural(said ?? KNOWN_VERSION, MAX_INT4);
  if (version !== undefined) return Number(version);
  throw new EventRefused('EVENT_VERSION_MALFORMED', `Version ${shown(said)} is no version number`);
}

function readNodeType(said: LosslessJson): NodeType | null {
  if (said === '') return null;
  // Operators type the node type into the settings of the orchestrator, so it may be in capitals.
  const word = typeof said === 'string' ? said.toLowerCase() : said;
  if (word === 'ai' || word === 'transcode') return word;
  throw new EventRefused('EVENT_ORIGIN_MALFORMED', `NodeType ${shown(said)} is no known one`);
}
