/** Cuts a JSON array of any length into its elements' texts, in constant memory, by strings and nesting depth alone. */

import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText } from '../../../base/foreign-text.js';
import type { RawEvent, ScanOptions } from '../event-source.js';
import { BoundarySearch, isOddAfterString, withoutBoundary } from './element-boundary.js';
import { EventScanner, scanSlices } from './slices.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const WORD_BYTES = 512;
const TAIL_BYTES = 64;
const KNOWN_DEPTH = 256;
/** Broken elements are read again as long as that is at most so many times what was read in all. */
const MOST_TIMES_AGAIN = 8;

/**
 * Yields the elements in slices. `null` counts as an empty array, because orchestrators answer it when there is
 * nothing. Complete elements are yielded before an error is thrown: EVENT_SOURCE_NOT_JSON for anything that is not an
 * array (also for empty input), EVENT_SOURCE_TRUNCATED for an array without an end.
 */
export function scanArray(
  chunks: AsyncIterable<Uint8Array>,
  options: ScanOptions,
): AsyncGenerator<readonly RawEvent[]> {
  return scanSlices(chunks, new ArrayScanner(options), options.sliceSize);
}

class ArrayScanner extends EventScanner {
  /** Where in the input the scanner is. `odd` is inside an element whose quotes do not come in pairs. */
  private where: 'before' | 'inside' | 'odd' | 'after' = 'before';
  private boundary = new BoundarySearch();
  /** The last bytes that were read, at most TAIL_BYTES. */
  private tail = '';
  private depth = 0;
  /** The bracket that opened each depth, up to KNOWN_DEPTH. */
  private readonly opened = new Uint8Array(KNOWN_DEPTH);
  /** Whether the last comma, bracket or string in the element was a comma. */
  private isAfterComma = false;
  /** Whether a bracket closed what the other kind of bracket had opened. The element is no JSON then, however it goes on. */
  private isUnpaired = false;
  private isString = false;
  /** How many bytes of the next chunk to skip: 1 when a backslash at this one's end escapes its first byte. */
  private skip = 0;
  /** Whether a string ended at the end of the last chunk. The byte after it is still to be checked. */
  private endedString = false;
  private elements = 0;
  private readBytes = 0;
  /** How many bytes were given back to be read again, after an odd quote in them. */
  private againBytes = 0;
  feed(chunk: Buffer): void {
    let i = 0;
    this.readBytes += chunk.length;
    if (this.where === 'before') {
      const wrong = wrongBytes(
        this.what,
        Buffer.concat([this.held.subarray(0, this.heldBytes), chunk]),
      );
      if (wrong !== undefined) throw wrong;
      i = this.findStart(chunk);
    }
    i = this.scanOn(chunk, i);
    this.tail =
      `${this.tail}${chunk.toString('latin1', Math.max(0, chunk.length - TAIL_BYTES))}`.slice(
        -TAIL_BYTES,
      );
    if (this.where === 'after' && i < chunk.length) this.checkBlank(chunk.subarray(i));
  }

  private scanOn(chunk: Buffer, from: number): number {
    let i = from;
    while (i < chunk.length && (this.where === 'inside' || this.where === 'odd')) {
      i = this.where === 'inside' ? this.scan(chunk, i) : this.leaveOdd(chunk, i);
    }
    return i;
  }

  end(): void {
    if (this.where === 'before') {
      const word = this.takeHeld().trim();
      if (word !== 'null') throw notAnArray(this.what, word);
    } else if (this.endsInOddElement()) {
      this.pushElement(this.takeHeld().trimEnd().replace(/\]$/, ''), false);
    } else if (this.where !== 'after') {
      const message = `${this.what} ends after ${this.elements} elements, without the array's end`;
      throw new PoolError('EVENT_SOURCE_TRUNCATED', message);
    }
  }

  /** Tells whether the array has ended inside its last element: broken quotes or brackets can hide the end. */
  private endsInOddElement(): boolean {
    if (this.where === 'inside' && this.isUnpaired && this.depth === 0) {
      return /\]\s*$/.test(this.tail);
    }
    const isOpen = this.where === 'odd' || (this.where === 'inside' && this.isString);
    return isOpen && /\}\s*\]\s*$/.test(this.tail);
  }

  /**
   * Called when a quote is missing in this element, so strings and the text between them are mistaken for each other.
   * The element ends where the next one begins, which may be in bytes that were read already. Returns the index in the
   * chunk to go on from.
   *
   * @param oddAt the index of the byte behind the quote that showed it
   */
  private beginOdd(chunk: Buffer, start: number, oddAt: number): number {
    this.where = 'odd';
    this.depth = 0;
    this.isAfterComma = false;
    this.isString = false;
    this.skip = 0;
    this.boundary = new BoundarySearch();
    this.againBytes += this.heldBytes + oddAt - start;
    if (this.againBytes > MOST_TIMES_AGAIN * this.readBytes) {
      // Such input could be made so that it takes for ever: what came up to here stays one element.
      this.keep(chunk.subarray(start, oddAt));
      return oddAt;
    }
    if (this.boundary.find(this.held.subarray(0, this.heldBytes)) === -1) return start;
    const all = Buffer.concat([this.held.subarray(0, this.heldBytes), chunk.subarray(start)]);
    this.heldBytes = 0;
    this.boundary = new BoundarySearch();
    const left = this.scanOn(all, 0);
    return chunk.length - (all.length - left);
  }

  private leaveOdd(chunk: Buffer, start: number): number {
    const next = this.boundary.find(chunk, start);
    this.keep(chunk.subarray(start, next === -1 ? chunk.length : next));
    if (next === -1) return chunk.length;
    const { isCut } = this;
    this.pushElement(withoutBoundary(this.takeHeld()), isCut);
    // The last two bytes of the boundary are the first two of the next element.
    this.keep(Buffer.from('{"'));
    this.where = 'inside';
    this.depth = 1;
    this.opened[1] = OPEN_BRACE;
    this.isString = true;
    return next;
  }

  /** Skips the opening bracket; returns the index after it. */
  private findStart(chunk: Buffer): number {
    const i = chunk.indexOf(OPEN_BRACKET);
    const before = i === -1 ? chunk : chunk.subarray(0, i);
    if (this.heldBytes < WORD_BYTES) this.keep(before.subarray(0, WORD_BYTES));
    if (i === -1) {
      const word = this.held.toString('utf8', 0, this.heldBytes).trim();
      // An HTML page differs from `null` at once, but it takes a few bytes to recognise a byte order mark.
      if (this.heldBytes >= 8 && !'null'.startsWith(word)) throw notAnArray(this.what, word);
      return chunk.length;
    }
    const word = this.takeHeld().trim();
    if (word !== '') throw notAnArray(this.what, word);
    this.where = 'inside';
    return i + 1;
  }

  /** The hot loop, which checks each byte once. Returns the index to go on from. */
  private scan(chunk: Buffer, from: number): number {
    const { length } = chunk;
    let { depth, isString } = this;
    let start = from;
    const endedString = this.endedString;
    this.endedString = false;
    if (endedString && depth > 0 && isOddAfterString(chunk[from])) {
      return this.beginOdd(chunk, from, from);
    }
    let i = from + this.skip;
    while (i < length) {
      if (isString) {
        // Most bytes are in strings, where only quotes and backslashes mean something.
        for (let byte: number | undefined; i < length; i += byte === BACKSLASH ? 2 : 1) {
          byte = chunk[i];
          if (byte === QUOTE) break;
        }
        if (i >= length) break;
        if (depth > 0 && isOddAfterString(chunk[i + 1])) return this.beginOdd(chunk, start, i + 1);
        this.endedString = i + 1 === length;
        isString = false;
      } else {
        const byte = chunk[i];
        if (byte === QUOTE) {
          isString = true;
          this.isAfterComma = false;
        } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
          if (byte === OPEN_BRACE && this.beginsNext(depth)) {
            this.finish(chunk, start, i, 'broken');
            start = i;
            depth = 0;
          }
          depth += 1;
          this.opened[depth] = byte;
          this.isAfterComma = false;
        } else if (depth > 0) {
          if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
            this.isUnpaired ||= !isPair(this.opened[depth], byte);
            depth -= 1;
            this.isAfterComma = false;
          } else if (byte === COMMA) this.isAfterComma = true;
        } else if (byte === COMMA || byte === CLOSE_BRACKET) {
          this.finish(chunk, start, i, byte === CLOSE_BRACKET ? 'last' : 'whole');
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

  /** Tells whether an object that opens here is the next element: inside an object none follows a comma. */
  private beginsNext(depth: number): boolean {
    return this.isAfterComma && depth > 0 && this.opened[depth] === OPEN_BRACE;
  }

  private finish(
    chunk: Buffer,
    start: number,
    end: number,
    kind: 'whole' | 'broken' | 'last',
  ): void {
    const { maxElementBytes } = this;
    let isCut = end - start > maxElementBytes;
    let text: string;
    if (this.heldBytes === 0) {
      text = chunk.toString('utf8', start, Math.min(end, start + maxElementBytes));
    } else {
      this.keep(chunk.subarray(start, end));
      isCut = this.isCut;
      text = this.takeHeld();
    }
    // `[]` has no element, and a comma before the array's end is not followed by one.
    if (text.trim() === '' && kind === 'last') return;
    this.pushElement(kind === 'broken' ? withoutBoundary(text) : text, isCut);
  }

  private pushElement(text: string, isCut: boolean): void {
    this.isUnpaired = false;
    this.elements += 1;
    this.push(`element ${this.elements} of ${this.what}`, text.trim(), isCut);
  }

  private checkBlank(rest: Buffer): void {
    if (rest.toString().trim() === '') return;
    const found = quote(rest.toString());
    const message = `something stands behind the array's end in ${this.what}: ${found}`;
    throw new PoolError('EVENT_SOURCE_NOT_JSON', message);
  }
}

/** Tells whether two brackets belong together: the code of the opening one is two below that of the closing one. */
function isPair(opening: number | undefined, closing: number): boolean {
  return opening === undefined || opening === closing - 2;
}

function notAnArray(what: string, text: string): PoolError {
  const found = text === '' ? 'it is empty' : `it begins with ${quote(text)}`;
  const message = `${what} is no JSON array; ${found}`;
  return new PoolError('EVENT_SOURCE_NOT_JSON', message);
}

/** Returns an error that names gzip or UTF-16, by the first two bytes; undefined when they may be JSON. */
export function wrongBytes(what: string, bytes: Uint8Array): PoolError | undefined {
  const [first, second] = bytes;
  const isUtf16 =
    (first === 0xff && second === 0xfe) ||
    (first === 0xfe && second === 0xff) ||
    (bytes.length >= 2 && (first === 0) !== (second === 0));
  const name =
    first === 0x1f && second === 0x8b
      ? 'packed with gzip, although plain text was asked for: turn compression off where it is served'
      : isUtf16
        ? 'UTF-16 text: pool events are UTF-8, so save or serve it as that'
        : undefined;
  return name && new PoolError('EVENT_SOURCE_NOT_JSON', `${what} is ${name}`);
}

/** Quotes the beginning of a text from outside, for messages. */
export function quote(text: string): string {
  return JSON.stringify(foreignText(text.slice(0, 240), 120));
}
