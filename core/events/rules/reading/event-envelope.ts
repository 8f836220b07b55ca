/**
 * Reads everything around the payload of an event, in both dialects: the one of orchestrators' answers and the one of
 * files.
 */
import { foreignText } from '../../../base/foreign-text.js';
import type { NodeType } from '../../../base/remote-worker.js';
import { KNOWN_VERSION } from './event-type.js';
import {
  asNatural,
  asObject,
  compactMember,
  field,
  type LosslessJson,
  type LosslessObject,
  parseLossless,
} from './lossless-json.js';
import { EventRefused, isName, type RefusalCode, shown } from './refusals.js';

/** What an event says besides its id and its time. */
export interface Envelope {
  readonly version: number;
  readonly eventType: string;
  /** The text that is stored, in both dialects as `{"event_type": …, "payload": {…}}`. */
  readonly payload: string;
  readonly fields: LosslessObject;
  /** The region that the event names. Only events of files name region and node type; null when an event does not. */
  readonly region: string | null;
  readonly nodeType: NodeType | null;
  /**
   * Whether the event is in the dialect of files. There an id can be a UUID, which names the event everywhere and not
   * only in its source.
   */
  readonly isFileDialect: boolean;
}

const MAX_INT4 = 2n ** 31n - 1n;

/**
 * Reads the envelope of an event. In an orchestrator's answer the payload is a string of JSON that also contains the
 * event's type. In files the payload is an object, and the type is next to it. Keys may be capitalised or not. Throws
 * EventRefused.
 *
 * @param raw the JSON text of the element as it was received
 */
export function readEnvelope(element: LosslessObject, raw: string): Envelope {
  const { Payload: payload = element['payload'] } = element;
  const isFile = sayEventType(element) !== undefined || asObject(payload) !== undefined;
  return isFile ? readFileEnvelope(element, raw) : readHttpEnvelope(element, payload);
}

/** Parses JSON. Throws EventRefused with this code when the text is not JSON. */
export function parse(text: string, code: RefusalCode, what: string): LosslessJson {
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
  const eventType = readEventType(body['event_type'], 'event_type');
  const inner = body['payload'] ?? null;
  const fields = inner === null ? {} : asObject(inner);
  if (fields === undefined) {
    throw new EventRefused('EVENT_PAYLOAD_MALFORMED', "the event's own payload is no object");
  }
  const version = readVersion(element);
  return {
    version,
    eventType,
    payload,
    fields,
    region: null,
    nodeType: null,
    isFileDialect: false,
  };
}

/**
 * Reads the dialect of files. The payload is stored in the form of the other dialect, so readers of stored payloads
 * need to know only one. Blanks between tokens are dropped, because a copy made by hand is often indented differently
 * and is still the same event. No digit is changed.
 */
function readFileEnvelope(element: LosslessObject, raw: string): Envelope {
  const eventType = readEventType(sayEventType(element), 'EventType');
  const key = Object.hasOwn(element, 'Payload') ? 'Payload' : 'payload';
  const said = field(element, key) ?? null;
  const fields = said === null ? {} : asObject(said);
  if (fields === undefined) {
    throw new EventRefused('EVENT_PAYLOAD_MALFORMED', 'Payload is no object, beside an EventType');
  }
  const text = said === null ? '{}' : compactMember(raw, key);
  return {
    version: readVersion(element),
    eventType,
    payload: `{"event_type":${JSON.stringify(eventType)},"payload":${text}}`,
    fields,
    region: readRegion(field(element, 'Region', 'region') ?? ''),
    nodeType: readNodeType(field(element, 'NodeType', 'nodeType') ?? ''),
    isFileDialect: true,
  };
}

function sayEventType(element: LosslessObject): LosslessJson | undefined {
  const { EventType: said = element['eventType'] } = element;
  return said ?? element['event_type'];
}

function readEventType(said: LosslessJson | undefined, key: string): string {
  if (typeof said === 'string' && isName(said)) return said;
  throw new EventRefused('EVENT_TYPE_MALFORMED', `${key} ${shown(said)} is no name`);
}

function readVersion(element: LosslessObject): number {
  const { Version: said = element['version'] } = element;
  const version = asNatural(said ?? KNOWN_VERSION, MAX_INT4);
  if (version !== undefined) return Number(version);
  throw new EventRefused('EVENT_VERSION_MALFORMED', `Version ${shown(said)} is no version number`);
}

function readRegion(said: LosslessJson): string | null {
  if (said === '') return null;
  if (typeof said === 'string' && isName(said)) return said;
  throw new EventRefused('EVENT_ORIGIN_MALFORMED', `Region ${shown(said)} is no name`);
}

function readNodeType(said: LosslessJson): NodeType | null {
  if (said === '') return null;
  // Operators type the node type into the settings of the orchestrator, so it may be in capitals.
  const word = typeof said === 'string' ? said.toLowerCase() : said;
  if (word === 'ai' || word === 'transcode') return word;
  throw new EventRefused('EVENT_ORIGIN_MALFORMED', `NodeType ${shown(said)} is no known one`);
}
