import type { RawEvent } from '../event-source.js';

/** Cuts what is fed to it into the texts of events, and keeps those that are whole until they are taken. */
export interface EventScanner {
  readonly ready: readonly RawEvent[];
  /** Characters in `ready`. */
  readonly readyLength: number;
  feed(chunk: Buffer): void;
  take(most: number): readonly RawEvent[];
  /** Throws when what came is no end. */
  end(): void;
}

/** A slice of large elements is given out before it is full. */
const SLICE_LENGTH = 1024 * 1024;

/** Yields what the scanner finds, in slices; what was complete is yielded before an error is thrown. */
export async function* scanSlices(
  chunks: AsyncIterable<Uint8Array>,
  scanner: EventScanner,
  sliceSize = 250,
): AsyncGenerator<readonly RawEvent[]> {
  let failure: unknown;
  try {
    for await (const chunk of chunks) {
      scanner.feed(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      while (scanner.ready.length >= sliceSize || scanner.readyLength >= SLICE_LENGTH) {
        yield scanner.take(sliceSize);
      }
    }
    scanner.end();
  } catch (error) {
    failure = error;
  }
  while (scanner.ready.length > 0) yield scanner.take(sliceSize);
  if (failure !== undefined) throw failure;
}
