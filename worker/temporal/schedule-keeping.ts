/**
 * Puts schedules back that Temporal has lost. After Temporal was wiped, a worker that runs on would not notice that its
 * schedules are gone, and nothing would be synced, swept or paid until somebody restarts it.
 */
import { foreignText } from '../../core/base/foreign-text.js';
import type { Log } from '../../start/log.js';

const LOOK_EVERY_MS = 10_000;

interface KeepingOptions {
  /** Says what is wrong; null when nothing is. */
  readonly findFault: () => Promise<string | null>;
  /** May run in several workers at once. A failure is tried again at the next look. */
  readonly putBack: () => Promise<void>;
  readonly log: Log;
}

/** Looks after the schedules until the returned function is called. */
export function keepSchedules({ findFault, putBack, log }: KeepingOptions): () => void {
  let isLooking = false;
  const look = async () => {
    try {
      const fault = await findFault();
      if (fault === null) return;
      log.warn(fault);
      await putBack();
    } catch (error) {
      // Temporal is unreachable, or another worker was quicker.
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
