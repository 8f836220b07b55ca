/**
 * Unpacks gzip data. If the data end early, everything before the end is yielded before the error is thrown. If they
 * are damaged, up to 16 KiB of packed data before the damage are lost.
 */
import { setImmediate } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';

/**
 * The data are unpacked in pieces of this size. Everything that one piece unpacks to is in memory at once, and that can
 * be about a thousand times as much.
 */
const PIECE_BYTES = 16 * 1024;

/**
 * Yields the unpacked data. Node's own stream forgets what it has unpacked when it fails, so it is emptied after each
 * piece. Throws the errors of zlib, with the code `Z_BUF_ERROR` when the data end early.
 */
export async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const unzip = createGunzip();
  const ready: Buffer[] = [];
  let failure: Error | undefined;
  unzip.on('data', (data: Buffer) => ready.push(data));
  // When a write fails, its callback is never called, so the error event has to continue the loop as well.
  let goOn: () => void = () => undefined;
  unzip.on('error', (error) => {
    failure = error;
    goOn();
  });
  // The gzip data can end before the input does: tapes and some uploaders append zeros.
  let isEnded = false;
  unzip.on('end', () => {
    isEnded = true;
    goOn();
  });
  const emptied = async (): Promise<readonly Buffer[]> => {
    while (unzip.readableLength > 0 && !unzip.destroyed) await setImmediate();
    return ready.splice(0);
  };
  try {
    for await (const chunk of chunks) {
      for (let i = 0; i < chunk.length && failure === undefined; i += PIECE_BYTES) {
        const piece = chunk.subarray(i, i + PIECE_BYTES);
        await new Promise<void>((resolve) => {
          goOn = resolve;
          unzip.write(piece, () => resolve());
        });
        yield* await emptied();
      }
      if (failure !== undefined) break;
    }
    if (failure === undefined && !isEnded) {
      await new Promise<void>((resolve) => {
        goOn = resolve;
        unzip.end();
      });
    }
    yield* ready.splice(0);
    if (failure !== undefined) throw failure;
  } finally {
    unzip.destroy();
  }
}
