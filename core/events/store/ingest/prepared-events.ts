/** Prepares events for COPY, while Postgres is busy with the previous batch. */
import { createHash } from 'node:crypto';
import {
  CopyWriter,
  FIXED_FIELD_BYTES,
  textFieldBytes,
  UTF8_BYTES,
} from '../../../db/copy/copy-binary.js';
import { withoutNul } from '../../../db/copy/copy-text.js';
import { PackedTexts } from '../../../db/copy/packed-texts.js';
import type { FreshEvent } from '../../rules/credit.js';
import type { PoolEvent } from '../../rules/reading/pool-event.js';

/** An element that could be read, with its text and the place where it was found. */
export interface ReadElement {
  readonly event: PoolEvent;
  readonly place: string;
  readonly raw: string;
  /** The row in set_aside of an element that is tried again. */
  readonly retry?: { readonly id: number; readonly rawHash: string };
}

/** One event without its texts; the texts of a whole batch are stored together. */
export interface PreparedEvent extends FreshEvent {
  /** Set only when the id is a UUID, which makes it the same event in every source and second. */
  readonly uuid: string | undefined;
  readonly retry: ReadElement['retry'] | undefined;
  readonly texts: BatchTexts;
  readonly index: number;
}

interface PlacesOfSlice {
  readonly from: number;
  /** The places of all elements of the slice, with NUL between them. */
  readonly text: string;
}

interface Texts {
  readonly rows: PackedTexts;
  readonly raws: PackedTexts;
  readonly places: PlacesOfSlice[];
}

/** The texts of the events of one batch. */
export class BatchTexts {
  private held: Texts | undefined;

  constructor(rows = new PackedTexts(), raws = new PackedTexts()) {
    this.held = { rows, raws, places: [] };
  }

  /** Throws after `giveAway`, because the buffers then contain the texts of another batch. */
  get now(): Texts {
    if (this.held === undefined) throw new RangeError('the texts of this batch were given away');
    return this.held;
  }

  /** Hands the buffers of these texts to another batch. */
  giveAway(): BatchTexts {
    const { rows, raws } = this.now;
    this.held = undefined;
    rows.clear();
    raws.clear();
    return new BatchTexts(rows, raws);
  }
}

/** The columns of a COPY row: first those that `rowBytes` fills, then those that depend on the ledger. */
export const ROW_COLUMNS =
  'payload, event_id, dt, source_id, version, region, node_type, event_type, ' +
  'seq, batch, gross_wei, commission_wei, terms_id, remote_worker_id, match_dt, match_event_id, rate_id';
const ROW_FIELDS = ROW_COLUMNS.split(', ').length;

/** The SQL expression for the hash of a stored event's type and payload. */
export const STORED_HASH = `encode(sha256(convert_to(event_type || E'\\n' || payload, 'UTF8')), 'hex')`;

/** Prepares a slice of elements for COPY, and adds its texts to those of its batch. */
export function prepareSlice(
  sourceId: string,
  elements: readonly ReadElement[],
  texts = new BatchTexts(),
): readonly PreparedEvent[] {
  const { rows, raws, places } = texts.now;
  const from = rows.size;
  packRows(rows, sourceId, elements);
  packRaws(raws, elements);
  places.push({ from, text: elements.map(({ place }) => withoutNul(place)).join('\0') });
  return elements.map(({ event, retry }, i) => {
    const { eventId, dtMs, version, region, nodeType, content, uuid } = event;
    const { eventType } = kindOf(sourceId, event);
    // Written out field by field, because spreading takes three times as long.
    return {
      eventId,
      dtMs,
      eventType,
      version,
      region,
      nodeType,
      content,
      uuid,
      retry,
      texts,
      index: from + i,
    };
  });
}

/** Returns the beginning of an event's COPY row: everything that does not depend on the ledger. */
export function rowBytes({ texts, index }: PreparedEvent): Buffer {
  return texts.now.rows.bytesOf(index);
}

/** Returns the text of the element as it was received. */
export function rawText({ texts, index }: PreparedEvent): string {
  return texts.now.raws.bytesOf(index).toString();
}

/** Returns the place where the element was found, for people. */
export function placeText({ texts, index }: PreparedEvent): string {
  const slice = texts.now.places.findLast(({ from }) => from <= index);
  return slice?.text.split('\0')[index - slice.from] ?? '';
}

/** Returns the hash that STORED_HASH computes once the event is stored. */
export function eventHash(prepared: PreparedEvent): string {
  const row = rowBytes(prepared);
  // The payload is the first field. Before it are the number of fields (2 bytes) and its length (4 bytes).
  const payload = row.subarray(6, 6 + row.readInt32BE(2));
  const hash = createHash('sha256').update(`${prepared.eventType}\n`);
  return hash.update(payload).digest('hex');
}

function packRows(rows: PackedTexts, sourceId: string, elements: readonly ReadElement[]): void {
  let room = 0;
  for (const { event } of elements) {
    const { payload, eventId } = event;
    const { fields } = kindOf(sourceId, event);
    room +=
      textFieldBytes(payload) + textFieldBytes(eventId) + 2 * FIXED_FIELD_BYTES + fields.length;
  }
  const writer = new CopyWriter(rows.reserve(room), rows.end);
  for (const { event } of elements) {
    writer.row(ROW_FIELDS);
    writer.text(event.payload);
    writer.text(event.eventId);
    writer.time(event.dtMs);
    writer.fields(kindOf(sourceId, event).fields);
    rows.push(writer.end);
  }
}

function packRaws(raws: PackedTexts, elements: readonly ReadElement[]): void {
  let length = 0;
  for (const { raw } of elements) length += raw.length;
  const bytes = raws.reserve(length * UTF8_BYTES);
  for (const { raw } of elements) {
    const { end } = raws;
    raws.push(end + bytes.write(raw, end));
  }
}

/** Values that most events of one type share, so their COPY fields and the string of the type are made only once. */
interface EventKind extends Pick<PoolEvent, 'eventType' | 'version' | 'region' | 'nodeType'> {
  readonly sourceId: string;
  /** The five values above as fields of COPY. */
  readonly fields: Buffer;
}

/** The limits of the cache of kinds. Real sources have a dozen types; one that invents some must not fill memory. */
const MAX_TYPES = 200;
const MAX_KINDS_OF_TYPE = 50;
const kindsOfType = new Map<string, EventKind[]>();

function kindOf(sourceId: string, event: PoolEvent): EventKind {
  const { eventType, version, region, nodeType } = event;
  const kinds = kindsOfType.get(eventType);
  for (const known of kinds ?? []) {
    const isAlike = known.version === version && known.region === region;
    if (isAlike && known.nodeType === nodeType && known.sourceId === sourceId) return known;
  }
  const kind = makeKind(sourceId, { ...event, eventType: kinds?.[0]?.eventType ?? eventType });
  if (kinds === undefined) {
    if (kindsOfType.size < MAX_TYPES) kindsOfType.set(eventType, [kind]);
  } else if (kinds.length < MAX_KINDS_OF_TYPE) {
    kinds.push(kind);
  }
  return kind;
}

function makeKind(sourceId: string, event: PoolEvent): EventKind {
  const { eventType, version, region, nodeType } = event;
  const room =
    textFieldBytes(`${sourceId}${region}${nodeType}${eventType}`) + 5 * FIXED_FIELD_BYTES;
  const fields = new CopyWriter(Buffer.alloc(room));
  fields.text(sourceId);
  fields.int4(version);
  for (const text of [region, nodeType, eventType]) fields.text(text);
  return { sourceId, eventType, version, region, nodeType, fields: fields.written() };
}
