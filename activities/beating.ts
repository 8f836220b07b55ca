import { Context } from '@temporalio/activity';

const HEARTBEAT_MS = 1_000;

/** The longest silence, in ms, of work that reads the chain page by page or the ledger piece by piece. */
export const PAGE_MS = 20 * 60_000;
/** The longest silence, in ms, of work on the whole history: a step writes a month, or compares years of sums. */
export const MONTH_MS = 3 * 60 * 60_000;
/** The longest silence, in ms, of a repair: a person waits for it. */
export const REPAIR_MS = 3 * 60_000;

export type OnProgress = (details?: unknown) => void;

/**
 * Runs the work and sends a heartbeat with its latest message every second, until the process dies or the work has
 * reported no progress for `mostMs` and must be hanging: Temporal then gives it to another process.
 */
export async function beating<T>(
  words: unknown,
  mostMs: number,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  let latest = words;
  let gotOnAtMs = performance.now();
  if (latest !== undefined) context.heartbeat(latest);
  const beat = setInterval(() => {
    if (performance.now() - gotOnAtMs <= mostMs) context.heartbeat(latest);
  }, HEARTBEAT_MS);
  try {
    return await work((details = latest) => {
      latest = details;
      gotOnAtMs = performance.now();
    });
  } finally {
    clearInterval(beat);
  }
}
