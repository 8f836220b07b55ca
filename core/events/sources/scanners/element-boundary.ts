/**
 * Finds where the next element of an array begins after an element with broken quotes, in which strings cannot be told
 * from what stands between them. Quotes inside of strings are escaped, so `},{"` can only stand between two objects.
 */
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BLANKS = new Set([0x20, 0x09, 0x0a, 0x0d]);
const BOUNDARY = [CLOSE_BRACE, COMMA, OPEN_BRACE, QUOTE];

/** What may follow the quote that ends a string. */
const AFTER_STRING = new Uint8Array(256);
for (const byte of [...BLANKS, COMMA, 0x3a, 0x5d, CLOSE_BRACE]) AFTER_STRING[byte] = 1;

/** Whether this byte shows that the quote before it, which was taken for the end of a string, is none. */
export function isOddAfterString(byte: number | undefined): boolean {
  return byte !== undefined && AFTER_STRING[byte] === 0;
}

/** Searches for the boundary, and remembers across chunks how much of it was seen. */
export class BoundarySearch {
  private seen = 0;

  /** The place behind the last byte of the boundary, the quote; -1 when it is not in these bytes. */
  find(bytes: Buffer, from = 0): number {
    for (let i = from; i < bytes.length; i += 1) {
      const byte = bytes[i] ?? 0;
      if (byte === BOUNDARY[this.seen]) this.seen += 1;
      else if (this.seen > 0 && BLANKS.has(byte)) continue;
      else this.seen = byte === CLOSE_BRACE ? 1 : 0;
      if (this.seen < BOUNDARY.length) continue;
      this.seen = 0;
      return i + 1;
    }
    return -1;
  }
}

/** The text of an element without what stands between it and the next one. */
export function withoutBoundary(text: string): string {
  return text.trimEnd().replace(/,\s*(\{\s*"?)?$/, '');
}
