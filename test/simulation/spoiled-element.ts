/** Ways to spoil an element of an answer. The key is the code under which the manager must set it aside. */
import {
  type ElementParts,
  elementText,
  type GoObject,
  payloadText,
} from '../../dev/kit/event-element.js';

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

function withPayload(parts: ElementParts, eventType: string, fields: GoObject): string {
  return elementText({ ...parts, payload: payloadText(eventType, fields) });
}
