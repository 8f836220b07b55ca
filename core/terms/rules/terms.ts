/**
 * The dated terms of the pool. They change only by an act that names a time: either a configuration with a new
 * `pool.termsFrom`, or a command. A file with other values but no new time changes nothing.
 */
import { ethAndWei, type Rounding, type Share } from '../../base/money.js';
import { spellMs } from './durations.js';
import { type PolicyTerms, policyChanges, samePolicy, sharesRevenue } from './policy-terms.js';

/** All values that the terms set. */
export interface TermsValues extends Share {
  readonly thresholdWei: bigint;
  readonly minIntervalMs: number;
  /** By which policy single payees have terms of their own. @default nobody has */
  readonly policy?: PolicyTerms | null;
}

/** One dated version as the ledger stores it. A new version never applies to the past. */
export interface TermsVersion extends TermsValues {
  readonly id: number;
  /** The version is in force from this moment on, until the next one begins. */
  readonly fromMs: number;
  /** The time that the act named. It identifies the act. */
  readonly namedMs: number;
  readonly recordedMs: number;
  /** True when a later act replaced this version before it came into force. */
  readonly isWithdrawn: boolean;
}

/** What crediting needs of a version: its commission and rounding. */
export type Terms = Share &
  Pick<TermsVersion, 'id' | 'fromMs'> &
  Partial<Pick<TermsVersion, 'isWithdrawn'>>;

/** The terms in a worker's configuration file. */
export interface TermsFile {
  readonly values: TermsValues;
  /** `pool.termsFrom`; null when the file has none, and so contains no act. */
  readonly namedMs: number | null;
}

/** The result of comparing a file with the ledger. */
export type FileVerdict =
  /** The file has the values that are in force or have been announced. */
  | { readonly kind: 'agrees' }
  /** The file contains an act that is not recorded yet. */
  | { readonly kind: 'act'; readonly namedMs: number; readonly fromMs: number }
  /** The file has values that held before, or contains an act that is older than the latest one. */
  | { readonly kind: 'older'; readonly version: TermsVersion | null }
  /** The file has new values, but no time from which they should hold. */
  | { readonly kind: 'undated' }
  /** Other terms are already recorded under the file's time. */
  | { readonly kind: 'conflict'; readonly version: TermsVersion };

/**
 * Finds the terms in force at a time: the latest version that began at or before it. The first version holds from the
 * beginning of time, and so having no versions is an error.
 *
 * @param versions sorted by `fromMs`, ascending
 */
export function termsAt<T extends Pick<Terms, 'fromMs' | 'isWithdrawn'>>(
  versions: readonly T[],
  atMs: number,
): T {
  const inForce = versions.findLast((one) => one.fromMs <= atMs && one.isWithdrawn !== true);
  if (inForce !== undefined) return inForce;
  throw new RangeError(`no terms are in force at ${new Date(atMs).toISOString()}`);
}

/**
 * Compares a file with the versions in the ledger. An act is carried out once, and only if its time is later than the
 * times of all acts before it. So an older file that comes back never undoes anything.
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
    const askedMs = Math.max(namedMs, nowMs);
    return { kind: 'act', namedMs, fromMs: beginningOf(values, versions, { askedMs, nowMs }) };
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

/** Explains why a file's terms are not those of the ledger; null when they agree. */
export function differenceWords(
  file: TermsFile,
  versions: readonly TermsVersion[],
  nowMs: number,
): string | null {
  const verdict = judgeFile(file, versions, nowMs);
  switch (verdict.kind) {
    case 'agrees':
      return null;
    case 'undated':
      return 'they are not recorded, because pool.termsFrom does not say from when they hold';
    case 'act':
      return 'they are recorded when a worker starts with it';
    case 'conflict':
      return 'other terms are recorded under its pool.termsFrom';
    case 'older': {
      const { version } = verdict;
      if (version === null) return 'its pool.termsFrom is older than that of the latest terms';
      const since = new Date(version.recordedMs).toISOString();
      const later = version.isWithdrawn ? 'have been withdrawn' : 'have been replaced';
      return `they were recorded at ${since} and ${later} since`;
    }
  }
}

/**
 * Finds the first moment, not before `fromMs`, at which no version begins. It is later than every version that came
 * into force as soon as it was recorded, because new terms must not begin before those, even if a clock was
 * set back.
 */
export function freeMoment(versions: readonly TermsVersion[], fromMs: number): number {
  const taken = new Set(versions.map((version) => version.fromMs));
  const heldAtOnce = versions.filter((one) => one.fromMs <= one.recordedMs + AT_ONCE_MS);
  let freeMs = Math.max(fromMs, ...heldAtOnce.map((one) => one.fromMs + 1));
  while (taken.has(freeMs)) freeMs += 1;
  return freeMs;
}

/**
 * Finds when new terms begin. A revenue share begins and ends at a midnight (UTC), an hour ahead at least: what is shared is
 * divided by whole days of work, and until then everybody is told, and the rates of single workers are asked for.
 */
export function beginningOf(
  values: Pick<TermsValues, 'policy'>,
  versions: readonly TermsVersion[],
  { askedMs, nowMs }: { readonly askedMs: number; readonly nowMs: number },
): number {
  // A share that an earlier act turned begins later than that act said; what is said after it holds after it.
  const turns = versions.filter(
    (one) => !one.isWithdrawn && one.namedMs < askedMs && isTurned(one),
  );
  const freeMs = freeMoment(versions, Math.max(askedMs, ...turns.map(({ fromMs }) => fromMs + 1)));
  const before = termsAt(versions, freeMs);
  if (sharesRevenue(before.policy) === sharesRevenue(values.policy)) return freeMs;
  const earliestMs = Math.max(freeMs, nowMs + TURN_NOTICE_MS);
  let midnightMs = Math.ceil(earliestMs / DAY_MS) * DAY_MS;
  while (versions.some(({ fromMs }) => fromMs === midnightMs)) midnightMs += DAY_MS;
  return midnightMs;
}

/** Tells whether the version begins later than its act said, at the midnight at which a share begins or ends. */
const isTurned = ({ fromMs, namedMs }: TermsVersion): boolean =>
  fromMs > namedMs && fromMs % DAY_MS === 0;

const DAY_MS = 86_400_000;
/** A revenue share is turned on or off so long ahead. */
const TURN_NOTICE_MS = 3_600_000;

/** A version that begins this soon after its record came into force at once: earlier releases read the clock twice. */
const AT_ONCE_MS = 1_000;

export function sameTerms(one: TermsValues, other: TermsValues): boolean {
  return (
    one.commissionBps === other.commissionBps &&
    one.thresholdWei === other.thresholdWei &&
    one.minIntervalMs === other.minIntervalMs &&
    one.rounding === other.rounding &&
    samePolicy(one.policy, other.policy)
  );
}

/**
 * Describes the terms: `commission 5%, threshold 0.005 ETH (…), minimum interval 1h, rounding commission-floor`, and whether
 * single payees have terms of their own.
 */
export function termsWords(values: TermsValues): string {
  const words = FACTS.map(([name, say]) => `${name} ${say(values)}`);
  if (values.policy) words.push(policyWords(values.policy));
  return words.join(', ');
}

/** Names the policy with the beginning of its hash, by which two of them are told apart. */
function policyWords({ module, hash }: PolicyTerms): string {
  const what = module === null ? 'terms of single payees' : `policy ${module}`;
  return `${what} (${hash.slice(0, 8)})`;
}

/** Describes only the values that differ, such as `commission 25% → 5%`. */
export function changeWords(before: TermsValues, after: TermsValues): string {
  const changed = FACTS.filter(([, say]) => say(before) !== say(after));
  const words = changed.map(([name, say]) => `${name} ${say(before)} → ${say(after)}`);
  words.push(...policyChanges(before.policy, after.policy));
  return words.length === 0 ? 'nothing but the date' : words.join(', ');
}

const FACTS: readonly (readonly [name: string, say: (values: TermsValues) => string])[] = [
  ['commission', ({ commissionBps }) => `${commissionBps / 100}%`],
  ['threshold', ({ thresholdWei }) => ethAndWei(thresholdWei)],
  ['minimum interval', ({ minIntervalMs }) => spellMs(minIntervalMs)],
  ['rounding', ({ rounding }): Rounding => rounding],
];
