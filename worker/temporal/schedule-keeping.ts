/**
 * Restores schedules that Temporal has lost. Without this, a worker that keeps running after Temporal was wiped would
 * sync, sweep and pay nothing until somebody restarts it.
 */
import { foreignText } from '../../core/base/foreign-text.js';
import type { Log } from '../../start/log.js';

const LOOK_EVERY_MS = 10_000;

interface KeepingOptions {
  /** Returns what is wrong; null when nothing is. */
  readonly findFault: () => Promise<string | null>;
  /**
   * Creates or updates what is missing. Several workers may run this at once; after a failure it is tried again at the
   * next check.
   */
  readonly putBack: () => Promise<void>;
  readonly log: Log;
}

/** Checks the schedules regularly, and restores them when needed, until the returned function is called. */
export function keepSchedules({ findFault, putBack, log }: KeepingOptions): () => void {
  let isLooking = false;
  const look = async () => {
    try {
      const fault = await findFault();
      if (fault === null) return;
      log.warn(fault);
      await putBack();
    } catch (error) {
      // Temporal is unreachable, or another worker restored them first: the next check tries again.
      log.debug(`the schedules were not looked after: ${foreignText(error)}`);
    }
  };
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => {
      isLooking = false;
    });
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
