import { Context } from '@temporalio/activity';

const HEARTBEAT_MS = 1_000;

/** What waits for the chain page by page, or for the ledger piece by piece, gets on within this time. */
export const PAGE_MS = 20 * 60_000;
/** A month is written to a file as a whole, and what years of them come to is compared in one statement. */
export const MONTH_MS = 3 * 60 * 60_000;
/** A person waits; nothing of it takes longer. */
export const REPAIR_MS = 3 * 60_000;

export type OnProgress = (details?: unknown) => void;

/**
 * Beats while the work gets on, with what it told last: a process that dies is noticed by the missing beat, and so is
 * work that hangs, which tells nothing for longer than `mostMs`. Another process takes it over then.
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
