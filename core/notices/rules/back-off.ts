/** When a notice is tried again, and how long a target rests whose receiver does not answer. */

export interface BackOff {
  /** The pause after the first failed try, in ms; each next one is twice as long. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** After this many failures in a row the target rests: no other notice is tried meanwhile. */
  readonly failuresBeforeRest: number;
  /** A notice that could not be delivered for this long is given up; it stays, and can be sent again. */
  readonly giveUpAfterMs: number;
  /** A try of a process that died is made again after this many ms, which is longer than any try takes. */
  readonly leaseMs: number;
}

export const BACK_OFF: Omit<BackOff, 'giveUpAfterMs'> = {
  firstPauseMs: 10_000,
  longestPauseMs: 3_600_000,
  failuresBeforeRest: 3,
  leaseMs: 30_000,
};
/** A target rests for at most this share of the longest pause, so that a receiver that is back is soon noticed. */
const REST_SHARE = 12;

/** The pause after so many failed tries. `random` (0 to 1) spreads the tries of many notices by a quarter. */
export function pauseMs(tries: number, backOff: BackOff, random: number): number {
  const { firstPauseMs, longestPauseMs } = backOff;
  const doubled = firstPauseMs * 2 ** Math.min(Math.max(tries - 1, 0), 30);
  return Math.round(Math.min(doubled, longestPauseMs) * (1 + random / 4));
}

/** How long the target rests after so many failures in a row; 0 while it goes on with the next notice. */
export function restMs(failures: number, backOff: BackOff, random: number): number {
  const over = failures - backOff.failuresBeforeRest + 1;
  if (over <= 0) return 0;
  const longestPauseMs = backOff.longestPauseMs / REST_SHARE;
  return pauseMs(over, { ...backOff, longestPauseMs }, random);
}
