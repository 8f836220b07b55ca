import { Context } from '@temporalio/activity';

const HEARTBEAT_MS = 1_000;

/**
 * A process that dies is then noticed by the missing beat, not by the time-out. `getsOn`: whether what does the
 * work gets on with it; without beats another process takes the work over.
 */
export async function beating<T>(
  words: string,
  work: () => Promise<T>,
  getsOn: () => boolean = () => true,
): Promise<T> {
  const context = Context.current();
  context.heartbeat(words);
  const beat = setInterval(() => {
    if (getsOn()) context.heartbeat(words);
  }, HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}
