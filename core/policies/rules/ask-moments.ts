/**
 * When a policy would have been asked about a worker. The pool asks every few minutes, and keeps only what changed: the moments
 * at which a change was recorded are known, the others are not. Wherever nothing was recorded, nothing changed, so that the
 * pool's own policy gives the same rates when it is asked at these moments alone.
 */
import { DAY_MS } from '../../payees/rules/earned-days.js';

export interface KnownAskings {
  /** When the worker's own rates were recorded, ascending. */
  readonly ownMs: readonly number[];
  /** When rates of any worker were recorded, ascending. */
  readonly poolMs: readonly number[];
  /** When the pool first knew of the worker: nobody was asked about it before. */
  readonly knownMs: number;
}

/** One asking about everybody takes less than this, and the next one begins after it. */
const ONE_ASKING_MS = 5 * 60_000;

/**
 * Returns the moments of a UTC day at which to ask about a worker, ascending: those at which its own rates were recorded, and
 * those at which the rates of others were, which belong to other askings. Without one soon after midnight it is asked at
 * midnight, unless its own rates changed on that day: then the first asking of the day is known to have come later.
 */
export function askMoments(
  { ownMs, poolMs, knownMs }: KnownAskings,
  dayMs: number,
): readonly number[] {
  const onDay = (ms: number) => ms >= dayMs && ms < dayMs + DAY_MS;
  const own = ownMs.filter(onDay);
  const isApart = (ms: number) => own.every((one) => Math.abs(one - ms) >= ONE_ASKING_MS);
  const others = firstOfEach(poolMs.filter((ms) => onDay(ms) && isApart(ms)));
  const isMidnightAsked = own.length === 0 && !others.some((ms) => ms < dayMs + ONE_ASKING_MS);
  const all = [...own, ...others, ...(isMidnightAsked ? [dayMs] : [])];
  return all.filter((ms) => ms > knownMs).sort((a, b) => a - b);
}

/** Leaves out what belongs to the same asking as a moment before it. */
function firstOfEach(moments: readonly number[]): readonly number[] {
  const kept: number[] = [];
  for (const ms of moments) {
    const last = kept.at(-1);
    if (last === undefined || ms - last >= ONE_ASKING_MS) kept.push(ms);
  }
  return kept;
}
