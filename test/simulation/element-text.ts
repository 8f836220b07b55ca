/** Elements of an answer as the fork's Go code writes them, and ways to spoil one. */

/** A bigint is written as the plain number that it is. */
export type FieldValue = string | number | bigint | null;
export type Fields = Readonly<Record<string, FieldValue>>;

export interface ElementParts {
  readonly id: number;
  /** RFC 3339, whole seconds, UTC. */
  readonly dt: string;
  readonly version: number;
  readonly payload: string;
  /** Some builds write an element's own keys in lower case. */
  readonly isLowerCase: boolean;
}

export function elementText({ id, dt, version, payload, isLowerCase }: ElementParts): string {
  const text = JSON.stringify(payload);
  return isLowerCase
    ? `{"id":${id},"payload":${text},"version":${version},"dt":"${dt}"}`
    : `{"ID":${id},"Payload":${text},"Version":${version},"DT":"${dt}"}`;
}

/** What `json.MarshalIndent` makes of an event. */
export function payloadText(eventType: string, fields: Fields): string {
  const lines = Object.entries(fields).map(
    ([name, value]) => `    ${JSON.stringify(name)}: ${valueText(value)}`,
  );
  const inner = lines.length === 0 ? '{}' : `{\n${lines.join(',\n')}\n  }`;
  return `{\n  "event_type": ${JSON.stringify(eventType)},\n  "payload": ${inner}\n}`;
}

function valueText(value: FieldValue): string {
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
}

/** Ways to spoil an element, by what the manager must call it. */
const SPOILERS = {
  EVENT_NOT_JSON: ({ id }) => `nonsense-${id}`,
  EVENT_NOT_OBJECT: ({ id }) => JSON.stringify(`row ${id}`),
  EVENT_ID_MALFORMED: (parts) => elementText(parts).replace(/"(ID|id)":\d+/, '"$1":null'),
  EVENT_TIME_MALFORMED: (parts) =>
    elementText({ ...parts, dt: `2026-02-30T00:00:${String(parts.id % 60).padStart(2, '0')}Z` }),
  EVENT_PAYLOAD_MALFORMED: (parts) =>
    elementText({ ...parts, payload: parts.payload.slice(0, parts.payload.length / 2) }),
  EVENT_TYPE_MALFORMED: (parts) =>
    elementText({ ...parts, payload: parts.payload.replace('event_type', 'eventType') }),
  EVENT_VERSION_MALFORMED: (parts) =>
    elementText(parts).replace(/"(V|v)ersion":\d+/, '"$1ersion":"new"'),
  EVENT_FEE_MALFORMED: (parts) =>
    withPayload(parts, 'job-processed', { ethAddress: SOMEBODY, computeUnits: 1, fees: -7 }),
  EVENT_ADDRESS_MALFORMED: (parts) =>
    withPayload(parts, 'job-processed', { ethAddress: '0x12ab', computeUnits: 1, fees: 900 }),
  EVENT_REQUEST_MALFORMED: (parts) =>
    withPayload(parts, 'job-processed', { requestID: 'f'.repeat(300), fees: 900 }),
} as const satisfies Record<string, (parts: ElementParts) => string>;

const SOMEBODY = '0x00000000000000000000000000000000000a11ce';

export type Spoiling = keyof typeof SPOILERS;
export const SPOILINGS = Object.keys(SPOILERS) as readonly Spoiling[];

export function spoiledElement(spoiling: Spoiling, parts: ElementParts): string {
  return SPOILERS[spoiling](parts);
}

function withPayload(parts: ElementParts, eventType: string, fields: Fields): string {
  return elementText({ ...parts, payload: payloadText(eventType, fields) });
}
