/** Reads everything around the payload of an event, in both dialects: of orchestrators' answers, and of files. */
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
  /** Whether it is in the dialect of files, where a UUID as id names the event everywhere, not only in its source. */
  readonly isFileDialect: boolean;
}

const MAX_INT4 = 2n ** 31n - 1n;

/**
 * Reads the envelope of an event. In an orchestrator's answer the payload is a string of JSON that also contains the
 * event's type; in files it is an object next to the type. Keys may be capitalised or not. Throws EventRefused.
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
