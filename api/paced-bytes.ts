/**
 * Sends large answers in slices, at a limited rate for all readers together, so that other requests are served in
 * between.
 */

/** The size of a slice. Writing to a socket copies the bytes; for this many that takes a fraction of a millisecond. */
const SLICE_BYTES = 256 * 1024;
/**
 * In every period of WHILE_MS, all readers together get this many slices: 100 MB a second, more than any dashboard
 * needs.
 */
const SLICES_EACH_WHILE = 4;
const WHILE_MS = 10;

/** Whether an answer is sent in slices; smaller ones are sent at once. */
export const isLarge = (bytes: Uint8Array): boolean => bytes.byteLength > SLICE_BYTES;

/**
 * Returns the bytes as a stream that waits for its turn before each slice. Readers share the bytes; nothing is copied.
 */
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

/**
 * The waiting streams, by the running number of their answer. The oldest answer goes first, so that one answer ends
 * after the other.
 */
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
