/** From the slices of a source to batches for the store, made while Postgres works on the last. */
import { setImmediate } from 'node:timers/promises';
import { type EventOrigin, readPoolEvent } from '../domain/pool-event.js';
import type { RawEvent } from '../plugins/event-source/event-source.js';
import { changedElement } from '../store/events.js';
import {
  type PreparedEvent,
  prepareSlice,
  type ReadElement,
  rowBytes,
} from '../store/events-prepared.js';
import type { RefusedElement } from '../store/set-aside.js';

/** An element of a source, or one that was set aside and is tried again. */
export interface SyncElement extends RawEvent {
  readonly retry?: { readonly id: number; readonly rawHash: string };
}

export interface PreparedBatch {
  readonly events: readonly PreparedEvent[];
  readonly refused: readonly RefusedElement[];
  /** The same event twice in this batch. */
  readonly duplicates: number;
  /** Event times in the order in which the elements came. */
  readonly dtsMs: readonly number[];
}

const BATCH_SIZE = 20_000;
/** Large events fill a batch sooner: memory is bounded by length, not by number. */
const BATCH_LENGTH = 8 * 1024 * 1024;
/** Reading a large text leaves copies of it behind, faster than the garbage is collected. */
const LARGE_LENGTH = 64 * 1024;
const COPIES_OF_LARGE = 4;

/** Reads, prepares and gathers. What came before the source failed is still given out. */
export async function* batchesOf(
  slices: AsyncIterable<readonly SyncElement[]>,
  source: { readonly id: string; readonly origin: EventOrigin },
): AsyncGenerator<PreparedBatch> {
  let gathering = new Gathering();
  let failure: unknown;
  try {
    for await (const slice of slices) {
      gathering.add(slice, source);
      if (gathering.size >= BATCH_SIZE || gathering.length >= BATCH_LENGTH) {
        yield gathering.batch();
        gathering = new Gathering();
      }
      // Postgres' answers want to be heard between two slices.
      await setImmediate();
    }
  } catch (error) {
    failure = error;
  }
  if (gathering.size > 0) yield gathering.batch();
  if (failure !== undefined) throw failure;
}

class Gathering {
  private readonly events = new Map<string, PreparedEvent>();
  private readonly refused: RefusedElement[] = [];
  private readonly dtsMs: number[] = [];
  private duplicates = 0;
  length = 0;

  get size(): number {
    return this.events.size + this.refused.length + this.duplicates;
  }

  add(
    slice: readonly SyncElement[],
    source: { readonly id: string; readonly origin: EventOrigin },
  ): void {
    const elements: ReadElement[] = [];
    for (const { place, raw, retry } of slice) {
      this.length += raw.length < LARGE_LENGTH ? raw.length : raw.length * COPIES_OF_LARGE;
      const reading = readPoolEvent(raw, source.origin);
      if (reading.ok) {
        elements.push({ event: reading.event, place, raw, ...(retry && { retry }) });
      } else {
        const retriedHash = retry?.rawHash ?? null;
        this.refused.push({ refusal: reading.refusal, place, raw, retriedHash });
      }
    }
    for (const prepared of prepareSlice(source.id, elements)) this.addPrepared(prepared);
  }

  batch(): PreparedBatch {
    const { refused, duplicates, dtsMs } = this;
    return { events: [...this.events.values()], refused, duplicates, dtsMs };
  }

  private addPrepared(prepared: PreparedEvent): void {
    this.dtsMs.push(prepared.event.dtMs);
    const key = this.keyOf(prepared);
    const twin = this.events.get(key);
    if (twin === undefined) this.events.set(key, prepared);
    else if (rowBytes(twin).equals(rowBytes(prepared))) this.duplicates += 1;
    else this.refused.push(changedElement(prepared));
  }

  /** The id alone, as long as no other time claims it too: making a text for each event takes its time. */
  private keyOf({ event: { dtMs, eventId } }: PreparedEvent): string {
    const known = this.events.get(eventId)?.event;
    const isFree = known === undefined || (known.dtMs === dtMs && known.eventId === eventId);
    // No id holds a NUL.
    return isFree ? eventId : `${dtMs}\0${eventId}`;
  }
}
