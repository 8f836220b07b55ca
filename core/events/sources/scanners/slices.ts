/** Turns what a scanner finds into slices of events; shared by the scanners of arrays and of lines. */
import type { RawEvent, ScanOptions } from '../event-source.js';

/** Cuts the bytes that it is fed into the texts of events, and keeps complete ones until they are taken. */
export abstract class EventScanner {
  private readonly ready: RawEvent[] = [];
  /** The total length of the events in `ready`, in characters. */
  private readyLength = 0;

  /** What earlier chunks had of the element, cut at its limit, as a copy: a piece would keep its whole chunk in memory. */
  protected held = Buffer.alloc(0);
  protected heldBytes = 0;
  /** Whether `held` is incomplete, because the element is too long. */
  protected isCut = false;
  protected readonly maxElementBytes: number;
  protected readonly what: string;

  constructor({ maxElementBytes, what = 'the answer' }: ScanOptions) {
    this.maxElementBytes = maxElementBytes;
    this.what = what;
  }

  abstract feed(chunk: Buffer): void;
  /** To be called after the last bytes. Throws when the input is incomplete. */
  abstract end(): void;

  /** Takes the full slices of what waits, and at the end of the input also the rest. */
  *slices(size: number, isEnd = false): Generator<readonly RawEvent[]> {
    const isFull = () => this.ready.length >= size || this.readyLength >= SLICE_LENGTH;
    while (isFull() || (isEnd && this.ready.length > 0)) {
      const slice = this.ready.splice(0, size);
      for (const { raw } of slice) this.readyLength -= raw.length;
      yield slice;
    }
  }

  protected push(place: string, raw: string, isCut: boolean): void {
    this.readyLength += raw.length;
    this.ready.push(isCut ? { place, raw, cutAtBytes: this.maxElementBytes } : { place, raw });
  }

  protected keep(piece: Buffer): void {
    const bytes = Math.min(piece.length, this.maxElementBytes - this.heldBytes);
    if (bytes < piece.length) this.isCut = true;
    const needed = this.heldBytes + bytes;
    if (this.held.length < needed) {
      const larger = Buffer.allocUnsafe(Math.min(2 * needed, this.maxElementBytes));
      this.held.copy(larger, 0, 0, this.heldBytes);
      this.held = larger;
    }
    piece.copy(this.held, this.heldBytes, 0, bytes);
    this.heldBytes = needed;
  }

  protected takeHeld(): string {
    const text = this.held.toString('utf8', 0, this.heldBytes);
    this.heldBytes = 0;
    this.isCut = false;
    return text;
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
      yield* scanner.slices(sliceSize);
    }
    scanner.end();
  } catch (error) {
    failure = error;
  }
  yield* scanner.slices(sliceSize, true);
  if (failure !== undefined) throw failure;
}
