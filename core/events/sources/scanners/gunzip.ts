/**
 * Unpacks gzip and, when the data end early, gives all of what came before it says so; of damaged data
 * it keeps back the last 16 KiB before the damage.
 */
import { setImmediate } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';

/** What one piece unpacks to is held at once: at most about a thousand times its size. */
const PIECE_BYTES = 16 * 1024;

/**
 * Node's own stream forgets what it has unpacked when it fails, so this one is emptied after each
 * piece. Throws zlib's error: code `Z_BUF_ERROR` when the data end early.
 */
export async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const unzip = createGunzip();
  const ready: Buffer[] = [];
  let failure: Error | undefined;
  unzip.on('data', (data: Buffer) => ready.push(data));
  // A write that fails is never called back.
  let goOn: () => void = () => undefined;
  unzip.on('error', (error) => {
    failure = error;
    goOn();
  });
  // Also before its end is told: blocks of zeros behind the data, as tapes and some uploaders leave them.
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
