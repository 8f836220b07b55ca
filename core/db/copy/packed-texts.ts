/**
 * Keeps many texts in one buffer outside of the heap, which is used again. As strings they would be copied by the garbage
 * collector again and again, and as single buffers they would make it run.
 */
export class PackedTexts {
  private bytes = Buffer.alloc(0);
  private ends = new Uint32Array(1_024);
  private count = 0;

  /** How many there are: the place of the next one. */
  get size(): number {
    return this.count;
  }

  /** Where the next one begins. */
  get end(): number {
    return this.endOf(this.count - 1);
  }

  /** The buffer, with so many bytes of room behind the last text; good until more are asked for. */
  reserve(room: number): Buffer {
    const needed = this.end + room;
    if (this.bytes.length < needed) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.bytes.length));
      this.bytes.copy(larger, 0, 0, this.end);
      this.bytes = larger;
    }
    return this.bytes;
  }

  /** What was written behind the last text, up to here, is the next one. */
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

  /** Returns where it ends. */
  copyTo(to: Buffer, at: number, index: number): number {
    return at + this.bytes.copy(to, at, this.endOf(index - 1), this.endOf(index));
  }

  /** Not a copy: good as long as the texts are. */
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
