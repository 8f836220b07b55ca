/** Sends large answers: to a few readers as fast as they read, to a crowd in slices, so that others are served in between. */
import type { ServerResponse } from 'node:http';

/** Larger answers go out in slices of this size: writing to a socket copies the bytes, which takes a fraction of a millisecond. */
const SLICE_BYTES = 256 * 1024;
/** When this many large answers are under way, further ones go out in slices. */
const CROWD = 16;
/** The readers of a crowd together get this many slices in every WHILE_MS: 100 MB a second. */
const SLICES_EACH_WHILE = 4;
const WHILE_MS = 10;

let underWay = 0;

/** Whether these bytes must go out in slices now. */
export const mustPace = ({ byteLength }: Uint8Array): boolean =>
  byteLength > SLICE_BYTES && underWay >= CROWD;

/** Counts an answer as under way until it was sent. */
export function countLarge({ byteLength }: Uint8Array, outgoing: ServerResponse): void {
  // An answer whose reader has left while it was made is closed already, and will not say so again.
  if (byteLength <= SLICE_BYTES || outgoing.destroyed) return;
  underWay += 1;
  outgoing.once('close', () => {
    underWay -= 1;
  });
}

/**
 * Sends the bytes as fast as the reader takes them. Large ones go out in slices all the same: what was just copied for
 * the reader is still in the processor's cache when the reader copies it in turn.
 */
export function sendBytes(bytes: Uint8Array, outgoing: ServerResponse): void {
  if (bytes.byteLength <= SLICE_BYTES) {
    outgoing.end(bytes);
    return;
  }
  countLarge(bytes, outgoing);
  let at = 0;
  const go = (): void => {
    let isFree = true;
    while (isFree && at + SLICE_BYTES < bytes.byteLength) {
      isFree = outgoing.write(bytes.subarray(at, at + SLICE_BYTES));
      at += SLICE_BYTES;
    }
    if (isFree) outgoing.end(bytes.subarray(at));
    else outgoing.once('drain', go);
  };
  go();
}

/** Returns the bytes as a stream that waits for its turn before each slice. Nothing is copied. */
export function pacedBytes(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let at = 0;
  begun += 1;
  const no = begun;
  return new ReadableStream(
    {
      async pull(controller) {
        await nextTurn(no);
        controller.enqueue(bytes.subarray(at, at + SLICE_BYTES));
        at += SLICE_BYTES;
        if (at >= bytes.byteLength) controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

/** The waiting streams, by the running number of their answer: the oldest goes first, so that it ends first. */
const line = new Map<number, () => void>();
let begun = 0;
let given = 0;
let isPacing = false;

function nextTurn(no: number): Promise<void> {
  if (!isPacing) setTimeout(nextWhile, WHILE_MS);
  isPacing = true;
  if (given < SLICES_EACH_WHILE) {
    given += 1;
    return Promise.resolve();
  }
  return new Promise((resolve) => {
    line.set(no, resolve);
  });
}

function nextWhile(): void {
  const first = [...line.keys()].sort((a, b) => a - b).slice(0, SLICES_EACH_WHILE);
  for (const no of first) {
    line.get(no)?.();
    line.delete(no);
  }
  given = first.length;
  isPacing = given > 0;
  if (isPacing) setTimeout(nextWhile, WHILE_MS);
}
