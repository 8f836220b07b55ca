/** Sends large answers in slices, with a limit for all readers together; other requests are served between two slices. */

/** Writing to a socket copies the bytes: this much takes a fraction of a millisecond. */
const SLICE_BYTES = 256 * 1024;
/** All readers together get four slices every ten milliseconds, 100 MB a second: no dashboard needs more. */
const SLICES_EACH_WHILE = 4;
const WHILE_MS = 10;

/** Smaller answers go out at once. */
export const isLarge = (bytes: Uint8Array): boolean => bytes.byteLength > SLICE_BYTES;

/** The bytes as a stream that waits for its turn before each slice. Nothing is copied: readers share the bytes. */
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

/** The waiting streams by the number of their answer. The oldest answer goes first, so that answers end one after the other. */
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
