/**
 * Limits how many reads run at the same time. Further reads queue, and fail with API_BUSY after a while: refusing them
 * at once would only make clients try again at once.
 */
import type { MiddlewareHandler } from 'hono';
import { PoolError } from '../core/base/errors/pool-error.js';

/** How many reads run at the same time, unless they are merged. */
const AT_ONCE = 3;
/** How many reads may wait. */
const MAY_WAIT = 500;
/** How many ms a read waits at most. */
const PATIENCE_MS = 2_000;
/**
 * After a read its place stays empty for this many times as long as the read took beyond SHORT_MS. Three places then
 * keep one connection to Postgres busy with long reads on average; the rest of the machine is left for counting and
 * paying. A short read, such as one of a single payee, gives way soon enough by itself.
 */
const REST = 2;
const SHORT_MS = 50;
const LONGEST_REST_MS = 5_000;

/**
 * Makes middleware that runs the routes when a place is free. It throws API_BUSY when too many reads wait, or when this
 * one has waited too long.
 */
export function createReadGate(atOnce = AT_ONCE): MiddlewareHandler {
  let taken = 0;
  const line = new Set<() => void>();
  const enter = (): Promise<void> => {
    if (taken < atOnce) {
      taken += 1;
      return Promise.resolve();
    }
    if (line.size >= MAY_WAIT) return Promise.reject(busy());
    return new Promise((resolve, reject) => {
      // The wait is partly random, so that clients that came together do not return together.
      const waitMs = PATIENCE_MS * (0.5 + Math.random() / 2);
      const timer = setTimeout(() => {
        line.delete(next);
        reject(busy());
      }, waitMs);
      const next = () => {
        clearTimeout(timer);
        resolve();
      };
      line.add(next);
    });
  };
  const leave = (): void => {
    const [next] = line;
    if (next === undefined) {
      taken -= 1;
      return;
    }
    line.delete(next);
    next();
  };
  return async (_, next) => {
    await enter();
    const startedMs = performance.now();
    try {
      await next();
    } finally {
      const longMs = performance.now() - startedMs - SHORT_MS;
      if (longMs <= 0) leave();
      else setTimeout(leave, Math.min(REST * longMs, LONGEST_REST_MS)).unref();
    }
  };
}

const busy = () => new PoolError('API_BUSY', 'Too much is being read at the same time.');
