/** Cuts any number of lines of JSON (NDJSON) into their texts, in constant memory. */
import { PoolError } from '../../../base/errors/pool-error.js';
import type { RawEvent } from '../event-source.js';
import type { ScanOptions } from './array-scanner.js';
import { EventScanner, scanSlices } from './slices.js';

const LINE_FEED = 0x0a;

/**
 * Yields the lines in slices and skips blank ones. Complete lines are yielded before an error is thrown:
 * EVENT_SOURCE_TRUNCATED when the last line has no line feed and is not a complete object.
 */
export function scanLines(
  chunks: AsyncIterable<Uint8Array>,
  options: ScanOptions,
): AsyncGenerator<readonly RawEvent[]> {
  const { maxElementBytes, sliceSize, what = 'the answer' } = options;
  return scanSlices(chunks, new LineScanner(maxElementBytes, what), sliceSize);
}

class LineScanner extends EventScanner {
  private line = 1;
  /** The current line so far, cut at the limit for a line. */
  private pieces: Buffer[] = [];
  private piecesBytes = 0;
  private isCut = false;

  feed(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.keep(chunk.subarray(start, end));
      this.finish(this.takePieces());
      start = end + 1;
    }
    this.keep(chunk.subarray(start));
  }

  /** Accepts a last line without a line feed if it is a complete object: many writers leave the line feed out. */
  end(): void {
    const isCut = this.piecesBytes >= this.maxElementBytes;
    const raw = this.takePieces();
    if (raw.trim() !== '' && !isCut && !isWholeObject(raw)) {
      const message = `${this.what} ends in the middle of line ${this.line}`;
      throw new PoolError('EVENT_SOURCE_TRUNCATED', message);
    }
    this.finish(raw);
  }

  private finish(text: string): void {
    const raw = text.trim();
    const place = `line ${this.line} of ${this.what}`;
    this.line += 1;
    const { isCut } = this;
    this.isCut = false;
    if (raw !== '') this.push(place, raw, isCut);
  }

  private keep(piece: Buffer): void {
    const room = this.maxElementBytes - this.piecesBytes;
    if (piece.length > room) this.isCut = true;
    if (room <= 0 || piece.length === 0) return;
    this.pieces.push(piece.length > room ? piece.subarray(0, room) : piece);
    this.piecesBytes += Math.min(piece.length, room);
  }

  private takePieces(): string {
    const text = Buffer.concat(this.pieces).toString();
    this.pieces = [];
    this.piecesBytes = 0;
    return text;
  }
}

/**
 * Tells whether the text is a complete JSON object. The beginning of an object never is one, so half a line is always
 * noticed.
 */
function isWholeObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
