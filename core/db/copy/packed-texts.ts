/** Keeps many texts in one reused buffer outside of the heap, which spares the garbage collector their copies. */
export class PackedTexts {
  private bytes = Buffer.alloc(0);
  private ends = new Uint32Array(1_024);
  private count = 0;

  /** How many texts there are, which is also the index of the next one. */
  get size(): number {
    return this.count;
  }

  /** The offset at which the next text begins. */
  get end(): number {
    return this.endOf(this.count - 1);
  }

  /** Returns the buffer, with at least `room` free bytes behind the last text. It may be replaced by the next call. */
  reserve(room: number): Buffer {
    const needed = this.end + room;
    if (this.bytes.length < needed) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.bytes.length));
      this.bytes.copy(larger, 0, 0, this.end);
      this.bytes = larger;
    }
    return this.bytes;
  }

  /** Adds a text: the bytes that were written behind the last one, up to this offset. */
  push(end: number): void {
    if (this.count === this.ends.length) {
      const longer = new Uint32Array(2 * this.count);
      longer.set(this.ends);
      this.ends = longer;
    }
    this.ends[this.count] = end;
    this.count += 1;
  }

  lengthOf(index: number): number {
    return this.endOf(index) - this.endOf(index - 1);
  }

  /** Copies a text to offset `at` of another buffer, and returns the offset at which it ends there. */
  copyTo(to: Buffer, at: number, index: number): number {
    return at + this.bytes.copy(to, at, this.endOf(index - 1), this.endOf(index));
  }

  /** Returns the bytes of a text. They are not copied, and change when the buffer is used for other texts. */
  bytesOf(index: number): Buffer {
    return this.bytes.subarray(this.endOf(index - 1), this.endOf(index));
  }

  clear(): void {
    this.count = 0;
  }

  private endOf(index: number): number {
    return index < 0 ? 0 : (this.ends[index] ?? 0);
  }
}
