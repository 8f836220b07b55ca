/**
 * Events made ready for COPY while Postgres is busy with others. Texts that outlive a slice would
 * be copied by the garbage collector again and again, so a slice keeps them as bytes.
 */
import { createHash } from 'node:crypto';
import type { FreshEvent } from '../domain/credit.js';
import type { PoolEvent } from '../domain/pool-event.js';
import { copyField, isoTime, MAX_FIELD_BYTES, readCopyField, writeCopyField } from './copy-text.js';

/** An element that could be read, with where it stood and what it said. */
export interface ReadElement {
  readonly event: PoolEvent;
  readonly place: string;
  readonly raw: string;
  /** Of an element that is tried again: its row in set_aside. */
  readonly retry?: { readonly id: number; readonly rawHash: string };
}

/** One event without its texts; those stand in its slice's bytes. */
export interface PreparedEvent {
  readonly event: FreshEvent;
  /** Of an event that is the same in every source and second. */
  readonly uuid: string | undefined;
  readonly retry: ReadElement['retry'] | undefined;
  readonly slice: PreparedSlice;
  readonly index: number;
}

/** The texts of some hundred events. */
interface PreparedSlice {
  readonly rows: PackedTexts;
  readonly raws: PackedTexts;
  readonly places: PackedTexts;
}

/** Texts in one buffer, and where each of them ends. */
interface PackedTexts {
  readonly bytes: Buffer;
  readonly ends: Uint32Array;
}

/** Columns of `rowBytes`, then those of `rowCredit`. The payload ends the first half. */
export const ROW_COLUMNS =
  'source_id, dt, event_id, version, region, node_type, event_type, payload, ' +
  'seq, batch, gross_wei, commission_wei, terms_id, remote_worker_id, match_dt, match_event_id';

/** SQL for the hash of a stored event's text. */
export const STORED_HASH = `encode(sha256(convert_to(event_type || E'\\n' || payload, 'UTF8')), 'hex')`;

/** Makes a slice of elements ready. */
export function prepareSlice(
  sourceId: string,
  elements: readonly ReadElement[],
): readonly PreparedEvent[] {
  const source = copyField(sourceId);
  const slice = {
    rows: packTexts(elements, ({ event }) => [rowHead(source, event), event.payload]),
    raws: packTexts(elements, ({ raw }) => [raw, '']),
    places: packTexts(elements, ({ place }) => [place, '']),
  };
  return elements.map(({ event, retry }, index) => {
    const { eventId, dtMs, version, region, nodeType, content } = event;
    const eventType = sharedType(event.eventType);
    const fresh = { eventId, dtMs, eventType, version, region, nodeType, content };
    return { event: fresh, uuid: event.uuid, retry, slice, index };
  });
}

const MAX_SHARED_TYPES = 1_000;
const sharedTypes = new Map<string, string>();

/** One text for all events of a type; there are a dozen, whatever a source may invent. */
function sharedType(eventType: string): string {
  const known = sharedTypes.get(eventType);
  if (known !== undefined) return known;
  if (sharedTypes.size < MAX_SHARED_TYPES) sharedTypes.set(eventType, eventType);
  return eventType;
}

/** The beginning of its COPY row: what does not depend on the ledger. */
export function rowBytes({ slice, index }: PreparedEvent): Buffer {
  return unpack(slice.rows, index);
}

/** The element's text as received. */
export function rawText({ slice, index }: PreparedEvent): string {
  return unpack(slice.raws, index).toString();
}

/** Where the element stood, for people. */
export function placeText({ slice, index }: PreparedEvent): string {
  return unpack(slice.places, index).toString();
}

/** The hash that STORED_HASH gives for the row that is kept. */
export function eventHash(prepared: PreparedEvent): string {
  const row = rowBytes(prepared);
  const payload = readCopyField(row.subarray(row.lastIndexOf(TAB) + 1));
  const hash = createHash('sha256').update(`${prepared.event.eventType}\n`);
  return hash.update(payload).digest('hex');
}

const TAB = 0x09;

function rowHead(source: string, event: PoolEvent): string {
  const { eventId, dtMs, eventType, version, region, nodeType } = event;
  const head = `${source}\t${isoTime(dtMs)}\t${copyField(eventId)}\t${version}`;
  return `${head}\t${copyField(region)}\t${nodeType}\t${copyField(eventType)}\t`;
}

/** Room to write in, kept from slice to slice. */
let scratch = Buffer.alloc(0);

/** @param textsOf what is written as it is, and behind it what is escaped for COPY */
function packTexts(
  elements: readonly ReadElement[],
  textsOf: (element: ReadElement) => readonly [plain: string, escaped: string],
): PackedTexts {
  const texts = elements.map(textsOf);
  const length = texts.reduce((sum, [plain, escaped]) => sum + plain.length + escaped.length, 0);
  if (scratch.length < length * MAX_FIELD_BYTES) {
    scratch = Buffer.allocUnsafe(length * MAX_FIELD_BYTES);
  }
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (const [i, [plain, escaped]] of texts.entries()) {
    end += scratch.write(plain, end);
    if (escaped !== '') end = writeCopyField(scratch, end, escaped);
    ends[i] = end;
  }
  return { bytes: Buffer.from(scratch.subarray(0, end)), ends };
}

function unpack({ bytes, ends }: PackedTexts, index: number): Buffer {
  return bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]);
}
