/**
 * Finds where the next element of an array begins when an element before it has broken quoting, so that strings can no more
 * be told from what stands between them. Within a string a quote is always escaped, so `},{"` stands between two objects.
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

/** Whether this byte, behind a quote that was taken for a string's end, says that it is none. */
export function isOddAfterString(byte: number | undefined): boolean {
  return byte !== undefined && AFTER_STRING[byte] === 0;
}

/** Remembers across chunks how much of a boundary was seen. */
export class BoundarySearch {
  private seen = 0;

  /** The place behind the boundary's last byte, the quote; -1: it is not in these bytes. */
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

/** An element without what stands between it and the next one. */
export function withoutBoundary(text: string): string {
  return text.trimEnd().replace(/,\s*(\{\s*"?)?$/, '');
}
