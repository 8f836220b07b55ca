/**
 * Decides the state of a remote worker. Figures must say the same for some time before a state follows, and between the
 * borders nothing changes, so a worker does not swing to and fro. Nobody is excluded who was not warned before.
 */
import { goodWords, type Opinion } from './leaning.js';
import type { GuardSettings } from './settings.js';

export const GUARD_STATES = ['good', 'warned', 'probation', 'excluded'] as const;
export type GuardState = (typeof GUARD_STATES)[number];
export type Leaning = 'good' | 'warned' | 'excluded';

/** How a worker stands in a pipeline and model. Times are in milliseconds since 1970. */
export interface Standing {
  readonly state: GuardState;
  readonly sinceMs: number;
  readonly reason: string;
  /** What lifts the state, in words; null for a good one. */
  readonly lifts: string | null;
  /** What the figures say against the state, and since when; null while they say nothing against it. */
  readonly leaning: Leaning | null;
  readonly leaningSinceMs: number | null;
  /** Exclusions in a row, without being good in between. */
  readonly exclusions: number;
}

/** How somebody stands whom nobody has judged. */
export function newStanding(atMs: number): Standing {
  return {
    state: 'good',
    sinceMs: atMs,
    reason: 'nothing speaks against it',
    lifts: null,
    leaning: null,
    leaningSinceMs: null,
    exclusions: 0,
  };
}

/** Returns how a worker stands at `atMs`, by how it stood and by what its figures say; undefined: too few to say. */
export function nextStanding(
  before: Standing,
  opinion: Opinion | undefined,
  { atMs, settings }: { readonly atMs: number; readonly settings: GuardSettings },
): Standing {
  const left = leaveExclusion(before, { atMs, settings });
  if (left !== undefined) return left;
  const leaning = leaningOf(before.state, opinion, settings);
  const isSame = leaning === before.leaning && before.leaningSinceMs !== null;
  const leaningSinceMs = leaning === null ? null : isSame ? before.leaningSinceMs : atMs;
  const waiting = { ...before, leaning, leaningSinceMs };
  if (leaning === null || leaningSinceMs === null || opinion === undefined) return waiting;
  if (atMs - leaningSinceMs < sustainMs(leaning, settings)) return waiting;
  const reason = opinion.reason;
  if (leaning === 'excluded') {
    const exclusions = before.exclusions + 1;
    return enter('excluded', { atMs, settings, reason, exclusions });
  }
  const exclusions = leaning === 'good' ? 0 : before.exclusions;
  return enter(leaning, { atMs, settings, reason, exclusions });
}

/** Returns how long the exclusion with this number lasts. */
export function exclusionMs(exclusions: number, settings: GuardSettings): number {
  const doubled = settings.excludeForMs * 2 ** Math.max(0, exclusions - 1);
  return Math.min(doubled, settings.excludeForMostMs);
}

/** Ends an exclusion after its time: nobody who gets no jobs could show otherwise that it has improved. */
function leaveExclusion(
  before: Standing,
  { atMs, settings }: { readonly atMs: number; readonly settings: GuardSettings },
): Standing | undefined {
  if (before.state !== 'excluded') return undefined;
  const { exclusions } = before;
  if (settings.mode !== 'exclude') {
    const reason = `the pool excludes nobody any more; it was excluded for: ${before.reason}`;
    return enter('warned', { atMs, settings, reason, exclusions });
  }
  if (atMs - before.sinceMs < exclusionMs(exclusions, settings)) {
    return { ...before, leaning: null, leaningSinceMs: null };
  }
  const reason = `its exclusion is over; it was excluded for: ${before.reason}`;
  return enter('probation', { atMs, settings, reason, exclusions });
}

/** Returns what the figures say against the state. Whoever is good is warned first, however bad the figures are. */
function leaningOf(
  state: GuardState,
  opinion: Opinion | undefined,
  { mode }: GuardSettings,
): Leaning | null {
  const level = opinion?.level ?? 'between';
  const isBad = level === 'warned' || level === 'excluded';
  if (state === 'good') return isBad ? 'warned' : null;
  if (level === 'good') return 'good';
  if (mode !== 'exclude') return null;
  const excludes = state === 'probation' ? isBad : level === 'excluded';
  return excludes ? 'excluded' : null;
}

function sustainMs(leaning: Leaning, settings: GuardSettings): number {
  if (leaning === 'good') return settings.recoverAfterMs;
  return leaning === 'warned' ? settings.warnAfterMs : settings.excludeAfterMs;
}

function enter(
  state: GuardState,
  by: {
    readonly atMs: number;
    readonly settings: GuardSettings;
    readonly reason: string;
    readonly exclusions: number;
  },
): Standing {
  const { atMs, settings, reason, exclusions } = by;
  const lifts = liftsOf(state, atMs, { exclusions, settings });
  const rest = { leaning: null, leaningSinceMs: null };
  return { state, sinceMs: atMs, reason, lifts, exclusions, ...rest };
}

function liftsOf(
  state: GuardState,
  atMs: number,
  { exclusions, settings }: { readonly exclusions: number; readonly settings: GuardSettings },
): string | null {
  if (state === 'good') return null;
  const good = `${goodWords(settings)}, for ${spanWords(settings.recoverAfterMs)}`;
  if (state !== 'excluded') return good;
  const until = new Date(atMs + exclusionMs(exclusions, settings)).toISOString();
  return `time: it gets jobs again, on probation, at ${until}; then ${good}`;
}

/** Writes a span in minutes, or in hours when it is a whole number of them. */
function spanWords(ms: number): string {
  const hours = ms / 3_600_000;
  if (Number.isInteger(hours)) return `${hours} h`;
  return ms < 60_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}
