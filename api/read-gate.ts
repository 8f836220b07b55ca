/**
 * The door before the reads of strangers: few run at a time, the others wait, and are told to come again when that
 * takes too long. To be told so at once would have them at the door again at once.
 */
import { PoolError } from '../core/base/errors/pool-error.js';

export interface ReadGate {
  /** Runs the read when its turn has come; throws API_BUSY when too many wait, or when it has waited too long. */
  run<T>(read: () => Promise<T>): Promise<T>;
}

interface GateOptions {
  /** Reads that run at once. @default 3 */
  readonly atOnce?: number;
  /** Reads that may wait for their turn. @default 500 */
  readonly mayWait?: number;
  /** How long one waits at most. @default 2000 */
  readonly patienceMs?: number;
}

/**
 * After a read its place stays empty for twice as long as the read took: three places then keep one connection to
 * Postgres busy on average, whatever is asked for, and leave the rest of the machine to those who count and pay.
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
          // Not all of a crowd at the same moment.
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
