import { Context } from '@temporalio/activity';

const HEARTBEAT_MS = 1_000;

/** Work that goes through the chain page by page, or through the ledger piece by piece, gets on within this time. */
export const PAGE_MS = 20 * 60_000;
/** A whole month is written to a file in one piece, and years of sums are compared in one statement. */
export const MONTH_MS = 3 * 60 * 60_000;
/** No step of a repair, for which a person waits, takes longer. */
export const REPAIR_MS = 3 * 60_000;

export type OnProgress = (details?: unknown) => void;

/**
 * Sends heartbeats, with the work's last message, while the work gets on. They stop when the process dies, or when the
 * work has told nothing for `mostMs` and so hangs. Temporal then gives the work to another process.
 */
export async function beating<T>(
  { words, mostMs }: { readonly words: unknown; readonly mostMs: number },
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
