/** Gathers the slices of a source into batches for the store, while Postgres works on the previous batch. */
import { setImmediate } from 'node:timers/promises';
import { type EventOrigin, readPoolEvent } from '../rules/reading/pool-event.js';
import type { RawEvent } from '../sources/event-source.js';
import type { IngestBatch } from '../store/ingest/ingest.js';
import {
  BatchTexts,
  type PreparedEvent,
  prepareSlice,
  type ReadElement,
  rowBytes,
} from '../store/ingest/prepared-events.js';
import type { RefusedElement } from '../store/set-aside.js';
import type { ReadObject } from '../store/sources/source-objects.js';

/** An element of a source, or one that was set aside and is tried again. */
export interface SyncElement extends RawEvent {
  readonly retry?: NonNullable<ReadElement['retry']>;
}

export interface PreparedBatch extends Omit<IngestBatch, 'cursorHint'> {
  /** How many events are repetitions of others in this batch. */
  readonly duplicates: number;
  /** The event times in the order in which the elements came, duplicates included. */
  readonly dtsMs: readonly number[];
  /** Objects whose last event is in this batch or an earlier one. */
  readonly objects: readonly ReadObject[];
  /** Lets another batch use the buffers of the texts. After that the events of this batch have no texts. */
  readonly release: () => void;
}

/** The number of events in one transaction, give or take a slice. */
export const BATCH_SIZE = 18_000;
/** A batch also ends after this many objects, because many of them may have no events. */
const BATCH_OBJECTS = 1_000;
/** A batch also ends at this many characters, because the length of events and not their number limits memory. */
const BATCH_LENGTH = 8 * 1024 * 1024;
/** From this length on texts count COPIES_OF_LARGE times: reading it leaves copies faster than garbage is collected. */
const LARGE_LENGTH = 64 * 1024;
const COPIES_OF_LARGE = 4;

export interface BatchSource {
  readonly id: string;
  readonly origin: EventOrigin;
  readonly batchSize?: number | undefined;
}

/**
 * Reads the elements and gathers them in batches. When the source fails, everything before is yielded, and then the
 * error is thrown. The source adds to `objects` what it has read to the end, and each batch takes what is in it.
 */
export async function* batchesOf(
  slices: AsyncIterable<readonly SyncElement[]>,
  source: BatchSource,
  objects: ReadObject[] = [],
): AsyncGenerator<PreparedBatch> {
  const spare: BatchTexts[] = [];
  let gathering = new Gathering(spare);
  let failure: unknown;
  try {
    for await (const slice of slices) {
      gathering.add(slice, source);
      if (gathering.isFull(source) || objects.length >= BATCH_OBJECTS) {
        yield gathering.batch(objects.splice(0));
        gathering = new Gathering(spare);
      }
      // Gives the event loop time to handle answers of Postgres between two slices.
      await setImmediate();
    }
  } catch (error) {
    failure = error;
  }
  if (gathering.size + objects.length > 0) yield gathering.batch(objects.splice(0));
  if (failure !== undefined) throw failure;
}

/** Returns the refusal of an element that was cut off: what is left of it is not JSON and says nothing for sure. */
function tooLong(bytes: number): RefusedElement['refusal'] {
  const reason = `it is longer than maxElement, ${bytes} bytes, and was cut off there`;
  return { code: 'EVENT_TOO_LONG', reason, eventId: null, dtText: null };
}

class Gathering {
  private readonly events = new Map<string, PreparedEvent>();
  /** Events with the identity of another one and a different text. Which of the two counts is decided later. */
  private readonly twins: PreparedEvent[] = [];
  private readonly refused: RefusedElement[] = [];
  private readonly dtsMs: number[] = [];
  private duplicates = 0;
  private length = 0;
  private readonly texts: BatchTexts;

  constructor(private readonly spare: BatchTexts[]) {
    this.texts = spare.pop() ?? new BatchTexts();
  }

  isFull({ batchSize = BATCH_SIZE }: BatchSource): boolean {
    return this.size >= batchSize || this.length >= BATCH_LENGTH;
  }

  get size(): number {
    return this.events.size + this.twins.length + this.refused.length + this.duplicates;
  }

  add(slice: readonly SyncElement[], source: BatchSource): void {
    const elements: ReadElement[] = [];
    for (const { place, raw, retry, cutAtBytes } of slice) {
      this.length += raw.length < LARGE_LENGTH ? raw.length : raw.length * COPIES_OF_LARGE;
      const reading = readPoolEvent(raw, source.origin);
      if (cutAtBytes !== undefined) {
        this.refused.push({ refusal: tooLong(cutAtBytes), place, raw, retriedHash: null });
      } else if (reading.ok) {
        const { event } = reading;
        elements.push(retry === undefined ? { event, place, raw } : { event, place, raw, retry });
      } else {
        const retriedHash = retry?.rawHash ?? null;
        this.refused.push({ refusal: reading.refusal, place, raw, retriedHash });
      }
    }
    for (const prepared of prepareSlice(source.id, elements, this.texts))
      this.addPrepared(prepared);
  }

  batch(objects: readonly ReadObject[]): PreparedBatch {
    const { twins, refused, duplicates, dtsMs, texts, spare } = this;
    const events = [...this.events.values(), ...twins];
    const hasTwins = twins.length > 0;
    const release = (): void => {
      spare.push(texts.giveAway());
    };
    return { events, hasTwins, refused, duplicates, dtsMs, objects, release };
  }

  private addPrepared(prepared: PreparedEvent): void {
    const { dtMs, eventId, uuid } = prepared;
    this.dtsMs.push(dtMs);
    // The id alone is the key while only one time has it, because building a longer key for each event costs time.
    const named = this.events.get(eventId);
    if (named === undefined) {
      this.events.set(eventId, prepared);
    } else if (uuid !== undefined || (named.dtMs === dtMs && named.eventId === eventId)) {
      this.addTwin(named, prepared);
    } else {
      // No id contains a NUL, so this key cannot be an id.
      const key = `${dtMs}\0${eventId}`;
      const twin = this.events.get(key);
      if (twin === undefined) this.events.set(key, prepared);
      else this.addTwin(twin, prepared);
    }
  }

  private addTwin(twin: PreparedEvent, prepared: PreparedEvent): void {
    if (rowBytes(twin).equals(rowBytes(prepared))) this.duplicates += 1;
    else this.twins.push(prepared);
  }
}
