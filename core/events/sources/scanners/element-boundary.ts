/**
 * Finds where the next element of an array begins after an element with broken quotes, in which strings and the text
 * between them cannot be told apart. Quotes inside strings are escaped, so `},{"` can only occur between two objects.
 */
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BLANKS = new Set([0x20, 0x09, 0x0a, 0x0d]);
const BOUNDARY = [CLOSE_BRACE, COMMA, OPEN_BRACE, QUOTE];

/** Marks the bytes that may follow the quote that ends a string. */
const AFTER_STRING = new Uint8Array(256);
for (const byte of [...BLANKS, COMMA, 0x3a, 0x5d, CLOSE_BRACE]) AFTER_STRING[byte] = 1;

/** Tells whether this byte, which follows a quote, shows that the quote did not end a string after all. */
export function isOddAfterString(byte: number | undefined): boolean {
  return byte !== undefined && AFTER_STRING[byte] === 0;
}

/** Searches for the boundary, and remembers across chunks how much of it was found. */
export class BoundarySearch {
  private seen = 0;

  /** Returns the index after the boundary's last byte, the quote; -1 when the boundary does not end in these bytes. */
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

/** Cuts the comma and the beginning of the next element off an element's text. */
export function withoutBoundary(text: string): string {
  return text.trimEnd().replace(/,\s*(\{\s*"?)?$/, '');
}
