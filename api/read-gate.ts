/**
 * Limits how many reads run at the same time. Further reads queue, and fail with API_BUSY after a while: refusing them
 * at once would only make clients try again at once.
 */
import { PoolError } from '../core/base/errors/pool-error.js';

export interface ReadGate {
  /**
   * Runs the read when a place is free. Throws API_BUSY when too many reads wait, or when this one has waited too long.
   */
  run<T>(read: () => Promise<T>): Promise<T>;
}

interface GateOptions {
  /** How many reads run at the same time. @default 3 */
  readonly atOnce?: number;
  /** How many reads may wait. @default 500 */
  readonly mayWait?: number;
  /** How many ms a read waits at most. @default 2000 */
  readonly patienceMs?: number;
}

/**
 * After a read its place stays empty, for this many times as long as the read took. Three places then keep one
 * connection to Postgres busy on average, whatever is requested; the rest of the machine is left for counting and
 * paying.
 */
const REST = 2;
const LONGEST_REST_MS = 5_000;

export function createReadGate(options: GateOptions = {}): ReadGate {
  const { atOnce = 3, mayWait = 500, patienceMs = 2_000 } = options;
  let taken = 0;
  const line = new Set<() => void>();
  const enter = (): Promise<void> => {
    if (taken < atOnce) {
      taken += 1;
      return Promise.resolve();
    }
    if (line.size >= mayWait) return Promise.reject(busy());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          line.delete(next);
          reject(busy());
          // The wait is partly random, so that clients that came together do not return together.
        },
        patienceMs * (0.5 + Math.random() / 2),
      );
      const next = () => {
        clearTimeout(timer);
        resolve();
      };
      line.add(next);
    });
  };
  const leave = (): void => {
    for (const next of line) {
      line.delete(next);
      next();
      return;
    }
    taken -= 1;
  };
  return {
    async run(read) {
      await enter();
      const startedMs = performance.now();
      try {
        return await read();
      } finally {
        const restMs = Math.min(REST * (performance.now() - startedMs), LONGEST_REST_MS);
        setTimeout(leave, restMs).unref();
      }
    },
  };
}

const busy = () => new PoolError('API_BUSY', 'Too much is being read at the same time.');
