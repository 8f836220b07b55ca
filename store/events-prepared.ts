/**
 * Events made ready for COPY while Postgres is busy with others. Texts that outlive a slice would
 * be copied by the garbage collector again and again, so a slice keeps them as bytes.
 */
import { createHash } from 'node:crypto';
import type { FreshEvent } from '../domain/credit.js';
import type { PoolEvent } from '../domain/pool-event.js';
import { copyField, fromCopyField, isoTime } from './copy-text.js';

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
  readonly place: string;
  readonly retry: ReadElement['retry'] | undefined;
  readonly slice: PreparedSlice;
  readonly index: number;
}

/** The texts of some hundred events. */
interface PreparedSlice {
  readonly rows: PackedTexts;
  readonly raws: PackedTexts;
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
    rows: packTexts(elements.map(({ event }) => copyRow(source, event))),
    raws: packTexts(elements.map(({ raw }) => raw)),
  };
  return elements.map(({ event, place, retry }, index) => {
    const { eventId, dtMs, eventType, version, region, nodeType, content } = event;
    const fresh = { eventId, dtMs, eventType, version, region, nodeType, content };
    return { event: fresh, uuid: event.uuid, place, retry, slice, index };
  });
}

/** The beginning of its COPY row: what does not depend on the ledger. */
export function rowBytes({ slice, index }: PreparedEvent): Buffer {
  return unpack(slice.rows, index);
}

/** The element's text as received. */
export function rawText({ slice, index }: PreparedEvent): string {
  return unpack(slice.raws, index).toString();
}

/** The hash that STORED_HASH gives for the row that is kept. */
export function eventHash(prepared: PreparedEvent): string {
  const row = rowBytes(prepared).toString();
  const [eventType = '', payload = ''] = row.split('\t').slice(-2).map(fromCopyField);
  return createHash('sha256').update(`${eventType}\n${payload}`).digest('hex');
}

function copyRow(source: string, event: PoolEvent): string {
  const { eventId, dtMs, eventType, version, region, nodeType, payload } = event;
  const head = `${source}\t${isoTime(dtMs)}\t${copyField(eventId)}\t${version}`;
  const where = `${copyField(region)}\t${nodeType}`;
  return `${head}\t${where}\t${copyField(eventType)}\t${copyField(payload)}`;
}

function packTexts(texts: readonly string[]): PackedTexts {
  const ends = new Uint32Array(texts.length);
  let end = 0;
  for (const [i, text] of texts.entries()) {
    end += Buffer.byteLength(text);
    ends[i] = end;
  }
  return { bytes: Buffer.from(texts.join('')), ends };
}

function unpack({ bytes, ends }: PackedTexts, index: number): Buffer {
  return bytes.subarray(index === 0 ? 0 : ends[index - 1], ends[index]);
}
