/**
 * The dated terms of the pool. They change by an act that names a time: a configuration whose `pool.termsFrom` is new,
 * or a command. A file that merely says something else changes nothing.
 */
import { ethAndWei, type Rounding, type Share } from '../../base/money.js';

/** One dated version of what the pool takes, as crediting needs it. A new version never reaches back. */
export interface Terms extends Share {
  readonly id: number;
  /** Inclusive; in force until the next version's. */
  readonly fromMs: number;
  /** A later act took its place before it came into force. @default false */
  readonly isWithdrawn?: boolean;
}

/** Everything that terms say. */
export interface TermsValues extends Share {
  readonly thresholdWei: bigint;
  readonly minIntervalMs: number;
}

/** One version as the ledger keeps it. */
export interface TermsVersion extends TermsValues {
  readonly id: number;
  readonly fromMs: number;
  /** The time that the act named: the act is known by it. */
  readonly namedMs: number;
  readonly recordedMs: number;
  readonly isWithdrawn: boolean;
}

/** What the file of a worker says. */
export interface TermsFile {
  readonly values: TermsValues;
  /** `pool.termsFrom`; null: it has none, and its terms are no act. */
  readonly namedMs: number | null;
}

/** What a file comes to against the ledger. */
export type FileVerdict =
  /** It says what is in force, or what has been announced. */
  | { readonly kind: 'agrees' }
  /** It carries an act that is not recorded yet. */
  | { readonly kind: 'act'; readonly namedMs: number; readonly fromMs: number }
  /** It says what held before, or carries an act older than the latest one. */
  | { readonly kind: 'older'; readonly version: TermsVersion | null }
  /** It says something new, and not from when. */
  | { readonly kind: 'undated' }
  /** Its time is taken by other terms. */
  | { readonly kind: 'conflict'; readonly version: TermsVersion };

/**
 * The terms in force at a time: the latest that began at or before it. Throws when there are none,
 * because the first version holds from the beginning of time.
 *
 * @param versions sorted by `fromMs`, ascending
 */
export function termsAt<T extends Pick<Terms, 'fromMs' | 'isWithdrawn'>>(
  versions: readonly T[],
  atMs: number,
): T {
  for (let i = versions.length - 1; i >= 0; i -= 1) {
    const terms = versions[i];
    if (terms !== undefined && terms.fromMs <= atMs && terms.isWithdrawn !== true) return terms;
  }
  throw new RangeError(`no terms are in force at ${new Date(atMs).toISOString()}`);
}

/**
 * Judges a file against the versions of the ledger. Only an act whose time is later than every act's before it is
 * carried out, and each act once: however often an older file comes back, it turns nothing back.
 *
 * @param versions at least one, ascending by `fromMs`
 * @param nowMs by the database's clock
 */
export function judgeFile(
  { values, namedMs }: TermsFile,
  versions: readonly TermsVersion[],
  nowMs: number,
): FileVerdict {
  const standing = versions.filter(({ isWithdrawn }) => !isWithdrawn);
  const known = versions.find((version) => version.namedMs === namedMs);
  if (known !== undefined && !sameTerms(known, values)) return { kind: 'conflict', version: known };
  const isNew = standing.every((version) => namedMs !== null && version.namedMs < namedMs);
  if (known === undefined && namedMs !== null && isNew) {
    return { kind: 'act', namedMs, fromMs: freeMoment(versions, Math.max(namedMs, nowMs)) };
  }
  const inForce = termsAt(standing, nowMs);
  const isDue = (version: TermsVersion) => version.fromMs >= inForce.fromMs;
  if (standing.some((version) => isDue(version) && sameTerms(version, values))) {
    return { kind: 'agrees' };
  }
  const before = known ?? versions.findLast((version) => sameTerms(version, values));
  if (before === undefined && namedMs === null) return { kind: 'undated' };
  return { kind: 'older', version: before ?? null };
}

/**
 * The first moment from this one on at which no version begins, behind every version that held at once: a clock that
 * was set back must not let new terms reach behind those.
 */
export function freeMoment(versions: readonly TermsVersion[], fromMs: number): number {
  const taken = new Set(versions.map((version) => version.fromMs));
  const heldAtOnce = versions.filter((one) => one.fromMs <= one.recordedMs + AT_ONCE_MS);
  let freeMs = Math.max(fromMs, ...heldAtOnce.map((one) => one.fromMs + 1));
  while (taken.has(freeMs)) freeMs += 1;
  return freeMs;
}

/** Earlier versions of openpool read the clock twice. */
const AT_ONCE_MS = 1_000;

export function sameTerms(one: TermsValues, other: TermsValues): boolean {
  return (
    one.commissionBps === other.commissionBps &&
    one.thresholdWei === other.thresholdWei &&
    one.minIntervalMs === other.minIntervalMs &&
    one.rounding === other.rounding
  );
}

/** `commission 5%, threshold 0.005 ETH (…), minimum interval 1h, rounding commission-floor`. */
export function termsWords(values: TermsValues): string {
  return FACTS.map(([name, say]) => `${name} ${say(values)}`).join(', ');
}

/** Only what differs: `commission 25% → 5%`. */
export function changeWords(before: TermsValues, after: TermsValues): string {
  const changed = FACTS.filter(([, say]) => say(before) !== say(after));
  if (changed.length === 0) return 'nothing but the date';
  return changed.map(([name, say]) => `${name} ${say(before)} → ${say(after)}`).join(', ');
}

const FACTS: readonly (readonly [name: string, say: (values: TermsValues) => string])[] = [
  ['commission', ({ commissionBps }) => `${commissionBps / 100}%`],
  ['threshold', ({ thresholdWei }) => ethAndWei(thresholdWei)],
  ['minimum interval', ({ minIntervalMs }) => spell(minIntervalMs)],
  ['rounding', ({ rounding }): Rounding => rounding],
];

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** Exact, in the largest unit that divides it, as a configuration says it. */
function spell(ms: number): string {
  const fitting = UNITS.find(([, unitMs]) => ms !== 0 && ms % unitMs === 0);
  if (fitting === undefined) return ms === 0 ? '0s' : `${ms}ms`;
  return `${ms / fitting[1]}${fitting[0]}`;
}
