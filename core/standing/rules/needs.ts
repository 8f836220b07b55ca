/**
 * What needs an operator's hand, and in which order: by the money that waits for it times how long it has waited. Each
 * need says what is true, what is safe meanwhile, and which actions help.
 */
import { largerWei } from '../../base/money.js';

export const NEED_KINDS = [
  'halt',
  'stop',
  'wallet',
  'payout',
  'payouts',
  'payee',
  'kept',
  'unattributed',
  'set-aside',
  'finding',
  'source',
  'sync-paused',
  'reconciliation',
] as const;
export type NeedKind = (typeof NEED_KINDS)[number];

/** The decisions that a need can be helped by. What each does stands in `api/operator/actions`. */
export type NeedAction =
  | 'payout.hold'
  | 'payout.resume'
  | 'payout.approve'
  | 'payout.bump'
  | 'payout.cancel'
  | 'payout.release'
  | 'payee.invite'
  | 'payee.release'
  | 'wallet.resume'
  | 'wallet.adopt'
  | 'sync.resume'
  | 'source.resume'
  | 'finding.acknowledge'
  | 'set-aside.retry'
  | 'jobs.assign'
  | 'jobs.absorb'
  | 'reconcile.start';

export interface Need {
  readonly kind: NeedKind;
  /** What it is about, such as a payout's id or a code. With the kind it names the need. */
  readonly subject: string;
  /** A code of the catalogue, of a wait or of a finding. */
  readonly code: string;
  /** What is true, in a line. */
  readonly title: string;
  /** What is true, in full. */
  readonly words: string;
  /** What is safe meanwhile, and what helps where no action does. */
  readonly safe: string;
  /** The money that waits; null when nobody knows. */
  readonly atStakeWei: bigint | null;
  /** Whether money or events are being lost, which counts where the money is not known. */
  readonly isGrave: boolean;
  readonly since: Date;
  /** Those that help, the likeliest first. */
  readonly actions: readonly NeedAction[];
}

export interface RankedNeed extends Need {
  /** Wei times milliseconds. */
  readonly urgency: bigint;
}

/** What counts as waiting where nobody knows how much does. */
const UNKNOWN_WEI = 10n ** 15n;
const GRAVE_UNKNOWN_WEI = 10n ** 17n;
/** A need that has just come up counts as this old, so that much money stands above little at once. */
const LEAST_AGE_MS = 60_000;

/** Sorts the needs: those with the most money times age come first; equal ones by their age and name. */
export function rankNeeds(needs: readonly Need[], now: Date): readonly RankedNeed[] {
  return needs
    .map((need) => ({ ...need, urgency: urgencyOf(need, now) }))
    .sort((a, b) => {
      if (a.urgency !== b.urgency) return a.urgency > b.urgency ? -1 : 1;
      const byAge = a.since.getTime() - b.since.getTime();
      return byAge === 0 ? compareTexts(nameOf(a), nameOf(b)) : byAge;
    });
}

function urgencyOf({ atStakeWei, isGrave, since }: Need, now: Date): bigint {
  const unknownWei = isGrave ? GRAVE_UNKNOWN_WEI : UNKNOWN_WEI;
  const wei = largerWei(atStakeWei ?? unknownWei, isGrave ? GRAVE_UNKNOWN_WEI : 1n);
  const ageMs = Math.max(now.getTime() - since.getTime(), LEAST_AGE_MS);
  return wei * BigInt(Math.round(ageMs));
}

const nameOf = ({ kind, subject }: Need): string => `${kind} ${subject}`;

const compareTexts = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
