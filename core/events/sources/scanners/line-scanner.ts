/** Cuts any number of lines of JSON (NDJSON) into their texts, in constant memory. */
import { PoolError } from '../../../base/errors/pool-error.js';
import type { RawEvent, ScanOptions } from '../event-source.js';
import { EventScanner, scanSlices } from './slices.js';

const LINE_FEED = 0x0a;

/** Yields the lines in slices without blank ones, then throws EVENT_SOURCE_TRUNCATED if the last one is half a line. */
export function scanLines(
  chunks: AsyncIterable<Uint8Array>,
  options: ScanOptions,
): AsyncGenerator<readonly RawEvent[]> {
  return scanSlices(chunks, new LineScanner(options), options.sliceSize);
}

class LineScanner extends EventScanner {
  private line = 1;

  feed(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.keep(chunk.subarray(start, end));
      this.finish();
      start = end + 1;
    }
    this.keep(chunk.subarray(start));
  }

  /** Accepts a last line without a line feed if it is a complete object: many writers leave the line feed out. */
  end(): void {
    const isCut = this.heldBytes >= this.maxElementBytes;
    const raw = this.held.toString('utf8', 0, this.heldBytes).trim();
    if (raw !== '' && !isCut && !isWholeObject(raw)) {
      const message = `${this.what} ends in the middle of line ${this.line}`;
      throw new PoolError('EVENT_SOURCE_TRUNCATED', message);
    }
    this.finish();
  }

  private finish(): void {
    const { isCut } = this;
    const raw = this.takeHeld().trim();
    if (raw !== '') this.push(`line ${this.line} of ${this.what}`, raw, isCut);
    this.line += 1;
  }
}

/** Tells whether the text is a complete JSON object, as half a line never is. */
function isWholeObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
