/** From the slices of a source to batches for the store, made while Postgres works on the last. */
import { setImmediate } from 'node:timers/promises';
import { type EventOrigin, readPoolEvent } from '../rules/reading/pool-event.js';
import type { RawEvent } from '../sources/event-source.js';
import {
  BatchTexts,
  type PreparedEvent,
  prepareSlice,
  type ReadElement,
  rowBytes,
} from '../store/ingest/events-prepared.js';
import type { RefusedElement } from '../store/set-aside.js';
import type { ReadObject } from '../store/sources/source-objects.js';

/** An element of a source, or one that was set aside and is tried again. */
export interface SyncElement extends RawEvent {
  readonly retry?: { readonly id: number; readonly rawHash: string };
}

export interface PreparedBatch {
  readonly events: readonly PreparedEvent[];
  /** Whether some of them have one identity and say different things. */
  readonly hasTwins: boolean;
  readonly refused: readonly RefusedElement[];
  /** The same event twice in this batch. */
  readonly duplicates: number;
  /** Event times in the order in which the elements came. */
  readonly dtsMs: readonly number[];
  /** Objects of which this batch, or an earlier one, holds the last event. */
  readonly objects: readonly ReadObject[];
  /** Lets another batch use the room of this one's texts: its events are no more to be asked for theirs. */
  readonly release: () => void;
}

/** Events of one transaction, give or take a slice. */
export const BATCH_SIZE = 18_000;
/** Objects without events fill one too. */
const BATCH_OBJECTS = 1_000;
/** Large events fill a batch sooner: memory is bounded by length, not by number. */
const BATCH_LENGTH = 8 * 1024 * 1024;
/** Reading a large text leaves copies of it behind, faster than the garbage is collected. */
const LARGE_LENGTH = 64 * 1024;
const COPIES_OF_LARGE = 4;

/** What the batches are of. */
export interface BatchSource {
  readonly id: string;
  readonly origin: EventOrigin;
  /** @default 18000 */
  readonly batchSize?: number | undefined;
}

/**
 * Reads, prepares and gathers. What came before the source failed is still given out.
 *
 * @param objects filled while the slices are read, with those whose last slice was given; emptied here
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
      // Postgres' answers want to be heard between two slices.
      await setImmediate();
    }
  } catch (error) {
    failure = error;
  }
  if (gathering.size + objects.length > 0) yield gathering.batch(objects.splice(0));
  if (failure !== undefined) throw failure;
}

/** What is left of it is no JSON, and says nothing for sure. */
function tooLong(bytes: number): RefusedElement['refusal'] {
  const reason = `it is longer than maxElement, ${bytes} bytes, and was cut off there`;
  return { code: 'EVENT_TOO_LONG', reason, eventId: null, dtText: null };
}

class Gathering {
  private readonly events = new Map<string, PreparedEvent>();
  /** The same identity as one of these, and something else said: whether that one counts is not known here. */
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
    // The id alone, as long as no other time claims it too: making a text for each event takes its time.
    const named = this.events.get(eventId);
    if (named === undefined) {
      this.events.set(eventId, prepared);
    } else if (uuid !== undefined || (named.dtMs === dtMs && named.eventId === eventId)) {
      this.addTwin(named, prepared);
    } else {
      // No id holds a NUL.
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
