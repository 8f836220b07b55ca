/**
 * Reads one pool event as an orchestrator wrote it. All of it is input from outside: an event that cannot be read is
 * refused with a code, and the caller keeps its text.
 */
import { foreignText } from '../../../base/foreign-text.js';
import type { NodeType } from '../../../base/remote-worker.js';
import { isCalendarDay, LATEST_MS } from '../../../base/time.js';
import type { EventContent } from './event-content.js';
import { type Envelope, parse, readEnvelope } from './event-envelope.js';
import { readContent } from './event-type.js';
import { asObject, field, type LosslessObject } from './lossless-json.js';
import { EventRefused, isName, type Refusal, shown } from './refusals.js';

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
