import { type LocalProcess, waitUntil } from './process.js';

export interface UntilOptions {
  /** @default a minute */
  readonly withinMs?: number;
  /** @default 100 */
  readonly everyMs?: number;
  /** Gives up at once when this process ends first. */
  readonly process?: LocalProcess;
}

/** Polls until `isSo` is true. Fails, naming `what`, when that takes too long. An error of `isSo` counts as "not yet". */
export function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  { withinMs = 60_000, everyMs = 100, process }: UntilOptions = {},
): Promise<void> {
  return waitUntil({
    what,
    timeoutMs: withinMs,
    intervalMs: everyMs,
    ready: async () => isSo(),
    ...(process === undefined ? {} : { process }),
  });
}

/** Says whether it came to be so in time, for callers that go on either way. */
export function happens(
  isSo: () => boolean | Promise<boolean>,
  options: UntilOptions = {},
): Promise<boolean> {
  return until('it', isSo, options).then(
    () => true,
    () => false,
  );
}
