/** Cuts lines of JSON (NDJSON) of any number into their texts, in constant memory. */
import { PoolError } from '../../../base/errors/pool-error.js';
import type { RawEvent } from '../event-source.js';
import type { ScanOptions } from './array-scanner.js';
import { type EventScanner, scanSlices } from './slices.js';

const LINE_FEED = 0x0a;

/**
 * Yields the lines in slices; blank ones are passed over. What was complete is yielded before an
 * error is thrown: EVENT_SOURCE_TRUNCATED when the last line has no end and is no whole object.
 */
export function scanLines(
  chunks: AsyncIterable<Uint8Array>,
  options: ScanOptions,
): AsyncGenerator<readonly RawEvent[]> {
  const { maxElementBytes, sliceSize, what = 'the answer' } = options;
  return scanSlices(chunks, new LineScanner(maxElementBytes, what), sliceSize);
}

class LineScanner implements EventScanner {
  readonly ready: RawEvent[] = [];
  readyLength = 0;
  private line = 1;
  /** Pieces of a line from earlier chunks; no more than may be in one. */
  private pieces: Buffer[] = [];
  private piecesBytes = 0;
  private isCut = false;

  constructor(
    private readonly maxElementBytes: number,
    private readonly what: string,
  ) {}

  feed(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.keep(chunk.subarray(start, end));
      this.finish(this.takePieces());
      start = end + 1;
    }
    this.keep(chunk.subarray(start));
  }

  take(most: number): readonly RawEvent[] {
    const slice = this.ready.splice(0, most);
    for (const { raw } of slice) this.readyLength -= raw.length;
    return slice;
  }

  /** Many writers leave the last line without its end: a whole object has come all the same. */
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
    const { isCut, maxElementBytes } = this;
    this.isCut = false;
    if (raw === '') return;
    this.readyLength += raw.length;
    this.ready.push(isCut ? { place, raw, cutAtBytes: maxElementBytes } : { place, raw });
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

/** The beginning of an object is never an object itself, so this tells half a line for sure. */
function isWholeObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
