/** Reads what an element of an answer means, by the wire formats alone and without the product's code. */

import { type Exact, type ExactObject, parseExact } from './exact-json.js';
import type { Spoiling } from './spoiled-element.js';

export type Meaning =
  | {
      readonly kind: 'job';
      /** Null for a transcode job, which names its worker itself. */
      readonly requestId: string | null;
      readonly payee: string | null;
      readonly feeWei: bigint;
      readonly units: bigint;
    }
  | { readonly kind: 'received'; readonly requestId: string; readonly payee: string | null }
  | {
      readonly kind: 'link';
      readonly payee: string;
      readonly connection: string;
      readonly isUp: boolean;
    }
  | { readonly kind: 'reset' }
  | { readonly kind: 'other' };

export interface ReadElement {
  readonly id: string;
  readonly dtMs: number;
  readonly eventType: string;
  readonly version: number;
  readonly meaning: Meaning;
}

/** Returns the element's event, or the reason why it does not count. */
export function readElement(element: string): ReadElement | Spoiling {
  const outer = parseExact(element);
  if (outer === undefined) return 'EVENT_NOT_JSON';
  if (!isObject(outer)) return 'EVENT_NOT_OBJECT';
  const {
    ID,
    id = ID,
    DT,
    dt = DT,
    Payload,
    payload = Payload,
    Version,
    version = Version,
  } = outer;
  if (typeof id !== 'bigint') return 'EVENT_ID_MALFORMED';
  const dtMs = typeof dt === 'string' ? timeOf(dt) : null;
  if (dtMs === null) return 'EVENT_TIME_MALFORMED';
  const inner = typeof payload === 'string' ? parseExact(payload) : undefined;
  if (inner === undefined || !isObject(inner)) return 'EVENT_PAYLOAD_MALFORMED';
  const { event_type: eventType, payload: fields } = inner;
  if (typeof eventType !== 'string') return 'EVENT_TYPE_MALFORMED';
  if (typeof version !== 'bigint') return 'EVENT_VERSION_MALFORMED';
  // The meaning of a newer version is not known yet.
  const meaning =
    version > 1n ? OTHER : meaningOf(eventType, fields && isObject(fields) ? fields : {});
  if (typeof meaning === 'string') return meaning;
  return { id: id.toString(), dtMs, eventType, version: Number(version), meaning };
}

const OTHER: Meaning = { kind: 'other' };

function meaningOf(eventType: string, fields: ExactObject): Meaning | Spoiling {
  const payee = addressOf(fields['ethAddress']);
  const { requestID, fees } = fields;
  switch (eventType) {
    case 'orchestrator-reset':
    case 'gateway-reset':
    case 'node-reset':
      return { kind: 'reset' };
    case 'worker-connected':
    case 'worker-disconnected':
      if (payee === undefined) return 'EVENT_ADDRESS_MALFORMED';
      if (payee === null) return OTHER;
      return {
        kind: 'link',
        payee,
        connection: String(fields['connection']),
        isUp: eventType === 'worker-connected',
      };
    case 'job-received':
      if (payee === undefined) return 'EVENT_ADDRESS_MALFORMED';
      return { kind: 'received', requestId: String(requestID), payee };
    case 'job-processed':
    case 'transcode': {
      if (payee === undefined) return 'EVENT_ADDRESS_MALFORMED';
      if (typeof fees !== 'bigint' || fees < 0n) return 'EVENT_FEE_MALFORMED';
      const requestId = typeof requestID === 'string' && requestID !== '' ? requestID : null;
      if (requestId !== null && requestId.length > 200) return 'EVENT_REQUEST_MALFORMED';
      const units = fields[eventType === 'transcode' ? 'encodedPixels' : 'computeUnits'];
      const counted = typeof units === 'bigint' ? units : 0n;
      return { kind: 'job', requestId, payee, feeWei: fees, units: counted };
    }
    default:
      return OTHER;
  }
}

function isObject(value: Exact): value is ExactObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns null when there is no address, and undefined when it is not a valid one. */
function addressOf(value: Exact | undefined): string | null | undefined {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string' || !/^0x[0-9a-f]{40}$/i.test(value)) return undefined;
  return /^0x0+$/.test(value) ? null : value.toLowerCase();
}

/** Reads a time in whole seconds of UTC. A day that the month does not have is refused. */
function timeOf(text: string): number | null {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === text.replace('Z', '.000Z') ? ms : null;
}
