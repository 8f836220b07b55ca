import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Repeats the work until it succeeds, with pauses that grow. After each failure calls `onFailure` with a sentence about
 * the next try: it logs the error, or throws the one that ends the repetition. So does an abort of the signal.
 */
export async function again<T>(
  signal: AbortSignal,
  work: () => Promise<T>,
  onFailure: (error: unknown, nextTry: string) => void,
): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      onFailure(error, `trying again in ${pauseMs / 1_000} s`);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
