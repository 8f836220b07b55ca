/** Matches received halves with processed ones by the documented rule, in the simplest way. */

export interface Half {
  /** Unique among all sources. */
  readonly key: string;
  readonly role: 'received' | 'processed';
  readonly requestId: string;
  readonly dtMs: number;
  /** Who received it; null when that is nobody who can be paid. */
  readonly payee: string | null;
}

/** The halves of one source so far. */
export interface Matching {
  /** From the processed half to the received one. Either of them may have come first. */
  readonly bound: Map<string, Half>;
  /** Halves that wait. The held ones stay ambiguous. */
  readonly waiting: Map<string, { readonly half: Half; isHeld: boolean }>;
}

export function startMatching(): Matching {
  return { bound: new Map(), waiting: new Map() };
}

/**
 * Takes in the halves of one batch: those within the window of each other, and of what waits, form
 * groups. Two of a kind that have only each other are a pair. In a larger group nobody is guessed, unless there is
 * only one whose it can be.
 */
export function matchArrivals(matching: Matching, fresh: readonly Half[], windowMs: number): void {
  for (const half of fresh) matching.waiting.set(half.key, { half, isHeld: false });
  const seen = new Set<string>();
  for (const half of fresh) {
    if (seen.has(half.key)) continue;
    const group = groupAround(
      half,
      [...matching.waiting.values()].map((w) => w.half),
      windowMs,
    );
    for (const { key } of group) seen.add(key);
    settle(matching, group, windowMs);
  }
}

/** Returns all halves that can be reached from one half by going from candidate to candidate. */
export function groupAround(start: Half, all: readonly Half[], windowMs: number): Half[] {
  const group = [start];
  const keys = new Set([start.key]);
  for (const half of group) {
    for (const other of all) {
      if (keys.has(other.key) || !isCandidate(half, other, windowMs)) continue;
      keys.add(other.key);
      group.push(other);
    }
  }
  return group;
}

function isCandidate(a: Half, b: Half, windowMs: number): boolean {
  const isNear = Math.abs(a.dtMs - b.dtMs) <= windowMs;
  return a.requestId === b.requestId && a.role !== b.role && isNear;
}

function settle({ bound, waiting }: Matching, group: readonly Half[], windowMs: number): void {
  if (group.length === 1) return;
  const states = group.map(({ key }) => waiting.get(key));
  const received = group.find(({ role }) => role === 'received');
  const processed = group.find(({ role }) => role === 'processed');
  if (group.length === 2 && received && processed && states.every((s) => s?.isHeld === false)) {
    bound.set(processed.key, received);
    waiting.delete(received.key);
    waiting.delete(processed.key);
    return;
  }
  const ofOne = states.some((s) => s?.isHeld !== false) ? null : pairUp(group, windowMs);
  for (const [processedHalf, receivedHalf] of ofOne ?? []) {
    bound.set(processedHalf.key, receivedHalf);
    waiting.delete(receivedHalf.key);
    waiting.delete(processedHalf.key);
  }
  if (ofOne !== null) return;
  for (const state of states) {
    if (state !== undefined) state.isHeld = true;
  }
}

/** Gives each job of the group a received half of the group's only payee. Returns null when that is not possible. */
function pairUp(group: readonly Half[], windowMs: number): [Half, Half][] | null {
  const inTime = [...group].sort((a, b) => a.dtMs - b.dtMs);
  const received = inTime.filter(({ role }) => role === 'received');
  const payees = new Set(received.map(({ payee }) => payee));
  if (payees.size !== 1 || payees.has(null)) return null;
  const pairs: [Half, Half][] = [];
  for (const job of inTime.filter(({ role }) => role === 'processed')) {
    const at = received.findIndex((half) => isCandidate(half, job, windowMs));
    const [half] = at === -1 ? [] : received.splice(at, 1);
    if (half === undefined) return null;
    pairs.push([job, half]);
  }
  return pairs;
}
