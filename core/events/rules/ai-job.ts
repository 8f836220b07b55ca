/** Decides which two events belong to one AI job: the one that names the worker, and the one that has the fees. */
import { listOf } from '../../base/lists.js';

export type HalfRole = 'received' | 'processed';

export interface JobHalf {
  readonly role: HalfRole;
  readonly dtMs: number;
  /** Whether it was found ambiguous before. No later event can make it certain again. */
  readonly isHeld: boolean;
}

export interface JobMatches<H extends JobHalf> {
  readonly pairs: readonly { readonly received: H; readonly processed: H }[];
  /** Halves with several possible partners, or whose partner has several. Nothing is guessed, so none is paired. */
  readonly ambiguous: readonly H[];
  /** Halves whose other half has not arrived yet. */
  readonly open: readonly H[];
}

/**
 * Matches the halves of one source and one requestID. A received and a processed half are candidates for each other
 * when their times are at most the window apart. They are a pair when neither has another candidate. All others are
 * held as ambiguous, because request ids can be used again. There is one exception: jobs that one worker has received
 * several times belong to that worker, whichever of its received halves is the right one.
 *
 * @param workerOf the worker of a received half; null when it is not known
 */
export function matchHalves<H extends JobHalf>(
  halves: readonly H[],
  windowMs: number,
  workerOf: (received: H) => string | null = () => null,
): JobMatches<H> {
  // Most requests have only one half so far: there is nothing to sort or to join.
  if (halves.length === 1) return { pairs: [], ambiguous: [], open: halves };
  const pairs: { received: H; processed: H }[] = [];
  const ambiguous: H[] = [];
  const open: H[] = [];
  for (const group of candidateGroups(halves, windowMs)) {
    const [first, second] = group;
    if (group.length === 1 && first !== undefined) {
      open.push(first);
    } else if (group.length === 2 && first && second && !first.isHeld && !second.isHeld) {
      const [received, processed] = first.role === 'received' ? [first, second] : [second, first];
      pairs.push({ received, processed });
    } else {
      const ofOne = pairsOfOneWorker(group, windowMs, workerOf);
      pairs.push(...ofOne);
      const bound = new Set<H>(ofOne.flatMap(({ received, processed }) => [received, processed]));
      for (const half of group) {
        if (ofOne.length === 0) ambiguous.push(half);
        else if (!bound.has(half)) open.push(half);
      }
    }
  }
  return { pairs, ambiguous, open };
}

/** Pairs each processed half with the earliest received one that fits, if one worker received all; otherwise none. */
function pairsOfOneWorker<H extends JobHalf>(
  group: readonly H[],
  windowMs: number,
  workerOf: (received: H) => string | null,
): { received: H; processed: H }[] {
  const byTime = (a: H, b: H) => a.dtMs - b.dtMs;
  const received = group.filter(({ role }) => role === 'received').sort(byTime);
  const processed = group.filter(({ role }) => role === 'processed').sort(byTime);
  const [first] = received;
  const worker = first === undefined ? null : workerOf(first);
  if (worker === null || received.length < processed.length) return [];
  if (group.some(({ isHeld }) => isHeld)) return [];
  if (received.some((half) => workerOf(half) !== worker)) return [];
  const left = new Set(received);
  const pairs: { received: H; processed: H }[] = [];
  for (const job of processed) {
    const half = [...left].find((one) => isCandidate(one, job, windowMs));
    if (half === undefined) return [];
    left.delete(half);
    pairs.push({ received: half, processed: job });
  }
  return pairs;
}

/**
 * Splits halves into groups in which they are connected by being candidates for each other. It is enough to join each
 * half to its nearest neighbours of the other role on either side: that connects the same halves as comparing all of
 * them.
 */
function candidateGroups<H extends JobHalf>(
  halves: readonly H[],
  windowMs: number,
): readonly (readonly H[])[] {
  const [first, second] = halves;
  if (first !== undefined && second !== undefined && halves.length === 2) {
    return isCandidate(first, second, windowMs) ? [halves] : [[first], [second]];
  }
  const sorted = [...halves].sort((a, b) => a.dtMs - b.dtMs);
  const parents = sorted.map((_, i) => i);
  const join = (i: number, j: number): void => {
    parents[rootOf(parents, i)] = rootOf(parents, j);
  };
  for (const order of [sorted.keys(), [...sorted.keys()].reverse()]) {
    const lastSeen: Record<HalfRole, number> = { received: -1, processed: -1 };
    for (const i of order) {
      const half = sorted[i];
      if (half === undefined) continue;
      const j = lastSeen[half.role === 'received' ? 'processed' : 'received'];
      const other = sorted[j];
      if (other !== undefined && isCandidate(half, other, windowMs)) join(i, j);
      lastSeen[half.role] = i;
    }
  }
  const groups = new Map<number, H[]>();
  for (const [i, half] of sorted.entries()) {
    listOf(groups, rootOf(parents, i)).push(half);
  }
  return [...groups.values()];
}

function isCandidate(one: JobHalf, other: JobHalf, windowMs: number): boolean {
  return one.role !== other.role && Math.abs(one.dtMs - other.dtMs) <= windowMs;
}

function rootOf(parents: number[], start: number): number {
  let i = start;
  for (let parent = parents[i] ?? i; parent !== i; parent = parents[i] ?? i) {
    // Each step shortens the path, which keeps this loop short even for thousands of halves.
    parents[i] = parents[parent] ?? parent;
    i = parent;
  }
  return i;
}
