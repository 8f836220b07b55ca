/**
 * Cuts a JSON array of any length into the texts of its elements, in constant memory. It knows
 * strings and depth and nothing else: whether an element is JSON is found out by whoever reads it.
 */
import { foreignText } from '../../domain/foreign-text.js';
import { PoolError } from '../../domain/pool-error.js';
import type { RawEvent } from './event-source.js';
import { type EventScanner, scanSlices } from './slices.js';

export interface ScanOptions {
  /** Longer elements are cut off, and so unreadable; their neighbours are not touched. */
  readonly maxElementBytes: number;
  /** @default 250 */
  readonly sliceSize?: number;
  /** What is read, for people. @default 'the answer' */
  readonly what?: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const WORD_BYTES = 512;

/**
 * Yields the elements in slices. `null` is an empty array: so the orchestrator says that there is
 * nothing. What was complete is yielded before an error is thrown: EVENT_SOURCE_NOT_JSON for something
 * else than an array, nothing at all included, EVENT_SOURCE_TRUNCATED for one without an end.
 */
export function scanArray(
  chunks: AsyncIterable<Uint8Array>,
  options: ScanOptions,
): AsyncGenerator<readonly RawEvent[]> {
  const { maxElementBytes, sliceSize, what = 'the answer' } = options;
  return scanSlices(chunks, new ArrayScanner(maxElementBytes, what), sliceSize);
}

class ArrayScanner implements EventScanner {
  readonly ready: RawEvent[] = [];
  readyLength = 0;
  private where: 'before' | 'inside' | 'after' = 'before';
  private depth = 0;
  private isString = false;
  /** A backslash ended the last chunk: the first byte of the next one means nothing. */
  private skip = 0;
  private elements = 0;
  /**
   * What earlier chunks held of an element, or of what stands before the array. Copied: a piece would
   * keep its whole chunk from the garbage collector.
   */
  private held = Buffer.alloc(0);
  private heldBytes = 0;

  constructor(
    private readonly maxElementBytes: number,
    private readonly what: string,
  ) {}

  feed(chunk: Buffer): void {
    let i = 0;
    if (this.where === 'before') i = this.findStart(chunk);
    if (this.where === 'inside') i = this.scan(chunk, i);
    if (this.where === 'after' && i < chunk.length) this.checkBlank(chunk.subarray(i));
  }

  take(most: number): readonly RawEvent[] {
    const slice = this.ready.splice(0, most);
    for (const { raw } of slice) this.readyLength -= raw.length;
    return slice;
  }

  end(): void {
    if (this.where === 'before') {
      const word = this.takeHeld().trim();
      if (word !== 'null') throw notAnArray(this.what, word);
    } else if (this.where === 'inside') {
      const message = `${this.what} ends after ${this.elements} elements, without the array's end`;
      throw new PoolError('EVENT_SOURCE_TRUNCATED', message);
    }
  }

  /** Goes past the opening bracket; returns the place behind it. */
  private findStart(chunk: Buffer): number {
    const i = chunk.indexOf(OPEN_BRACKET);
    const before = i === -1 ? chunk : chunk.subarray(0, i);
    if (this.heldBytes < WORD_BYTES) this.keep(before.subarray(0, WORD_BYTES));
    if (i === -1) {
      const word = this.held.toString('utf8', 0, this.heldBytes).trim();
      // An HTML page is told from `null` at once; a byte order mark takes a few bytes to be seen.
      if (this.heldBytes >= 8 && !'null'.startsWith(word)) throw notAnArray(this.what, word);
      return chunk.length;
    }
    const word = this.takeHeld().trim();
    if (word !== '') throw notAnArray(this.what, word);
    this.where = 'inside';
    return i + 1;
  }

  /** The hot loop: one look at each byte. Returns the place behind the array's end. */
  private scan(chunk: Buffer, from: number): number {
    const { length } = chunk;
    let { depth, isString } = this;
    let start = from;
    let i = from + this.skip;
    while (i < length) {
      if (isString) {
        // Most bytes stand in strings, and only these two mean something there.
        for (let byte: number | undefined; i < length; i += byte === BACKSLASH ? 2 : 1) {
          byte = chunk[i];
          if (byte === QUOTE) break;
        }
        if (i >= length) break;
        isString = false;
      } else {
        const byte = chunk[i];
        if (byte === QUOTE) {
          isString = true;
        } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
          depth += 1;
        } else if (depth > 0) {
          if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
        } else if (byte === COMMA || byte === CLOSE_BRACKET) {
          this.finish(chunk, start, i, byte === CLOSE_BRACKET);
          start = i + 1;
          if (byte === CLOSE_BRACKET) {
            this.where = 'after';
            return start;
          }
        }
      }
      i += 1;
    }
    this.keep(chunk.subarray(start));
    this.depth = depth;
    this.isString = isString;
    this.skip = i - length;
    return length;
  }

  private finish(chunk: Buffer, start: number, end: number, isEnd: boolean): void {
    const raw = this.textWith(chunk, start, end).trim();
    // `[]` has no element, and a comma before the end promises none.
    if (raw === '' && isEnd) return;
    this.elements += 1;
    this.readyLength += raw.length;
    this.ready.push({ place: `element ${this.elements} of ${this.what}`, raw });
  }

  private textWith(chunk: Buffer, start: number, end: number): string {
    if (this.heldBytes === 0) {
      return chunk.toString('utf8', start, Math.min(end, start + this.maxElementBytes));
    }
    this.keep(chunk.subarray(start, end));
    return this.takeHeld();
  }

  private keep(piece: Buffer): void {
    const bytes = Math.min(piece.length, this.maxElementBytes - this.heldBytes);
    const needed = this.heldBytes + bytes;
    if (this.held.length < needed) {
      const larger = Buffer.allocUnsafe(Math.min(2 * needed, this.maxElementBytes));
      this.held.copy(larger, 0, 0, this.heldBytes);
      this.held = larger;
    }
    piece.copy(this.held, this.heldBytes, 0, bytes);
    this.heldBytes = needed;
  }

  private takeHeld(): string {
    const text = this.held.toString('utf8', 0, this.heldBytes);
    this.heldBytes = 0;
    return text;
  }

  private checkBlank(rest: Buffer): void {
    if (rest.toString().trim() === '') return;
    const found = quote(rest.toString());
    const message = `something stands behind the array's end in ${this.what}: ${found}`;
    throw new PoolError('EVENT_SOURCE_NOT_JSON', message);
  }
}

function notAnArray(what: string, text: string): PoolError {
  const found = text === '' ? 'it is empty' : `it begins with ${quote(text)}`;
  const message = `${what} is no JSON array; ${found}`;
  return new PoolError('EVENT_SOURCE_NOT_JSON', message);
}

function quote(text: string): string {
  return JSON.stringify(foreignText(text.slice(0, 240), 120));
}
