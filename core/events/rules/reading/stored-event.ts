/** The form in which raw events are stored, in the table and in archive files, and how their content is read again. */
import { foreignText } from '../../../base/foreign-text.js';
import type { EventKey } from '../credit.js';
import type { EventContent } from './event-content.js';
import { readContent } from './event-type.js';
import { asObject, field, type LosslessObject, parseLossless } from './lossless-json.js';
import type { PoolEvent } from './pool-event.js';

/** What the program derived from an event when it arrived. All of it can be derived again from the event's text. */
export interface RowWorth {
  readonly grossWei: bigint | null;
  readonly commissionWei: bigint | null;
  readonly termsId: number | null;
  readonly rateId: number | null;
  readonly workerId: number | null;
}

export interface RawRow extends Omit<PoolEvent, 'uuid' | 'payload' | 'content'> {
  readonly sourceId: string;
  readonly batch: number;
  /** A JSON object: the fields of the event, or its type next to its fields. */
  readonly payload: string;
  readonly receivedMs: number;
  readonly match: EventKey | null;
  readonly kept: RowWorth;
}

type StoredReading =
  | { readonly ok: true; readonly content: EventContent }
  | { readonly ok: false; readonly reason: string };

/** Reads the content of a stored event from its payload, exactly as it was read when the event arrived. */
export function readStoredContent({
  eventType,
  version,
  payload,
}: Pick<RawRow, 'eventType' | 'version' | 'payload'>): StoredReading {
  try {
    const fields = storedFields({ eventType, payload });
    if (typeof fields === 'string') return { ok: false, reason: fields };
    return { ok: true, content: readContent({ eventType, version, fields }) };
  } catch (error) {
    return { ok: false, reason: foreignText(error) };
  }
}

/** Returns an event's own fields, or why it has none. Throws SyntaxError when its payload is no JSON. */
export function storedFields({
  eventType,
  payload,
}: Pick<RawRow, 'eventType' | 'payload'>): LosslessObject | string {
  const body = asObject(parseLossless(payload));
  if (body === undefined) return 'the payload is no JSON object';
  // One kind of payload has the fields together with the type, the other has the fields alone.
  const isWrapped = field(body, 'event_type') === eventType;
  const fields = isWrapped ? asObject(field(body, 'payload') ?? {}) : body;
  return fields ?? "the event's own payload is no object";
}
