/** Turns what a scanner finds into slices of events; shared by the scanners of arrays and of lines. */
import type { RawEvent } from '../event-source.js';

/** Cuts the bytes that it is fed into the texts of events, and keeps complete ones until they are taken. */
export abstract class EventScanner {
  private readonly ready: RawEvent[] = [];
  /** The total length of the events in `ready`, in characters. */
  private readyLength = 0;

  /** @param what the name of what is read, for messages */
  constructor(
    protected readonly maxElementBytes: number,
    protected readonly what: string,
  ) {}

  abstract feed(chunk: Buffer): void;
  /** To be called after the last bytes. Throws when the input is incomplete. */
  abstract end(): void;

  /** Returns the next slice; undefined while there is not enough for a full one. */
  takeFull(size: number): readonly RawEvent[] | undefined {
    return this.ready.length >= size || this.readyLength >= SLICE_LENGTH
      ? this.takeRest(size)
      : undefined;
  }

  /** Returns the next slice, full or not; undefined when no events wait. */
  takeRest(size: number): readonly RawEvent[] | undefined {
    if (this.ready.length === 0) return undefined;
    const slice = this.ready.splice(0, size);
    for (const { raw } of slice) this.readyLength -= raw.length;
    return slice;
  }

  protected push(place: string, raw: string, isCut: boolean): void {
    this.readyLength += raw.length;
    this.ready.push(isCut ? { place, raw, cutAtBytes: this.maxElementBytes } : { place, raw });
  }
}

/** A slice is also full at this many characters, so large events come in smaller slices. */
const SLICE_LENGTH = 1024 * 1024;

/** Yields what the scanner finds, in slices. All complete events are yielded before an error is thrown. */
export async function* scanSlices(
  chunks: AsyncIterable<Uint8Array>,
  scanner: EventScanner,
  sliceSize = 250,
): AsyncGenerator<readonly RawEvent[]> {
  let failure: unknown;
  try {
    for await (const chunk of chunks) {
      scanner.feed(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      for (let slice = scanner.takeFull(sliceSize); slice; slice = scanner.takeFull(sliceSize)) {
        yield slice;
      }
    }
    scanner.end();
  } catch (error) {
    failure = error;
  }
  for (let slice = scanner.takeRest(sliceSize); slice; slice = scanner.takeRest(sliceSize)) {
    yield slice;
  }
  if (failure !== undefined) throw failure;
}
