/** One dated version of what the pool takes. A new version never reaches back. */
export interface Terms {
  readonly id: number;
  /** Inclusive; in force until the next version's. */
  readonly fromMs: number;
  readonly commissionBps: number;
}

/**
 * The terms in force at a time: the latest that began at or before it. Throws when there are none,
 * because the first version holds from the beginning of time.
 *
 * @param versions sorted by `fromMs`, ascending
 */
export function termsAt(versions: readonly Terms[], atMs: number): Terms {
  for (let i = versions.length - 1; i >= 0; i -= 1) {
    const terms = versions[i];
    if (terms !== undefined && terms.fromMs <= atMs) return terms;
  }
  throw new RangeError(`no terms are in force at ${new Date(atMs).toISOString()}`);
}
