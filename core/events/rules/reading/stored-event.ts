/** Kept events read again: what they mean comes from the payload's text alone. */
import { foreignText } from '../../../base/foreign-text.js';
import { type EventContent, readContent } from './pool-event-content.js';
import { asObject, field, parseLossless } from './pool-event-json.js';

/** What the raw row says, as it was said. */
export interface StoredSaying {
  readonly eventType: string;
  readonly version: number;
  /** JSON: the event's fields, or the type beside its fields. */
  readonly payload: string;
}

export type StoredReading =
  | { readonly ok: true; readonly content: EventContent }
  | { readonly ok: false; readonly reason: string };

/** Reads a kept event as it was read when it came. */
export function readStoredContent({ eventType, version, payload }: StoredSaying): StoredReading {
  try {
    const body = asObject(parseLossless(payload));
    if (body === undefined) return { ok: false, reason: 'the payload is no JSON object' };
    // One dialect wraps the fields together with the type, the other says the fields alone.
    const isWrapped = field(body, 'event_type') === eventType;
    const inner = isWrapped ? (field(body, 'payload') ?? null) : body;
    const fields = inner === null ? {} : asObject(inner);
    if (fields === undefined) return { ok: false, reason: "the event's own payload is no object" };
    return { ok: true, content: readContent({ eventType, version, fields }) };
  } catch (error) {
    return { ok: false, reason: foreignText(error) };
  }
}
