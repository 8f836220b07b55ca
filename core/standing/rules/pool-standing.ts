/** Whether the pool pays now. `payoutsEnabled` does not tell: a pool that is switched on may be unable to pay. */
import { duration } from '../../base/duration.js';
import { ethAndWei } from '../../base/money.js';

export interface PoolFacts {
  /** The value of `pool.payoutsEnabled`. */
  readonly isSwitchedOn: boolean;
  /** Whether a worker has opened the wallet. */
  readonly isOpened: boolean;
  readonly isHalted: boolean;
  readonly isTemporalThere: boolean;
  /** For how long Temporal has not answered this process; null when it does, or never was asked. */
  readonly temporalAwayMs: number | null;
  /** How long ago a worker last reported that its loops make progress; null when none ever did. */
  readonly workerSilentMs: number | null;
  /** The wallet's balance when it was last read; null when it was not read yet. */
  readonly walletWei: bigint | null;
  /** The amount that must stay in the wallet. */
  readonly keepInWalletWei: bigint;
  /** The smallest payout that is under way or due; null when there is none or when it is not known. */
  readonly leastPayoutWei: bigint | null;
  /** How long ago the last payout round began; null when none has. */
  readonly roundAgeMs: number | null;
  readonly payoutIntervalMs: number;
}

/** Something other than a halt that keeps payouts from being made. */
export interface Stop {
  readonly code: 'WORKER_SILENT' | 'TEMPORAL_UNREACHABLE' | 'WALLET_EMPTY' | 'ROUND_LATE';
  /** The stop in a few words. */
  readonly short: string;
  readonly reason: string;
  /** For how long it has stopped the pool; null when nobody knows. */
  readonly forMs: number | null;
}

/** A worker that reported no progress for this long is silent. Workers report every ten seconds. */
const WORKER_SILENT_MS = 60_000;
/** A round counts as late only this long after two intervals, because a round may take long and a missed one is made up for. */
const ROUND_GRACE_MS = 10 * 60_000;

/** Whether the workers are silent, by how long ago one last reported progress; null means never. */
export function isWorkerSilent(silentMs: number | null): boolean {
  return silentMs === null || silentMs > WORKER_SILENT_MS;
}

/** Whether a payout round is overdue. */
export function isRoundLate(sinceRoundMs: number, roundIntervalMs: number): boolean {
  return sinceRoundMs > 2 * roundIntervalMs + ROUND_GRACE_MS;
}

/** Lists what keeps payouts from being made now, the most serious first. Halts are reported elsewhere. */
export function stopsOf(facts: PoolFacts): readonly Stop[] {
  const { workerSilentMs, roundAgeMs, payoutIntervalMs } = facts;
  const stops: Stop[] = [];
  if (isWorkerSilent(workerSilentMs)) {
    const since = workerSilentMs === null ? 'ever' : `for ${duration(workerSilentMs)}`;
    const reason = `no worker of this pool has got on ${since}: nothing is counted, signed or sent`;
    const forMs = workerSilentMs;
    stops.push({ code: 'WORKER_SILENT', short: 'no worker runs', reason, forMs });
  }
  if (!facts.isTemporalThere) {
    const reason = 'Temporal does not answer: nothing new is counted, signed or sent';
    const forMs = facts.temporalAwayMs;
    stops.push({ code: 'TEMPORAL_UNREACHABLE', short: 'Temporal is away', reason, forMs });
  }
  stops.push(...walletStops(facts));
  if (roundAgeMs !== null && isRoundLate(roundAgeMs, payoutIntervalMs)) {
    const reason = `the last payout round began ${duration(roundAgeMs)} ago, and one is due every ${duration(payoutIntervalMs)}`;
    const forMs = roundAgeMs - payoutIntervalMs;
    stops.push({ code: 'ROUND_LATE', short: 'no payout round', reason, forMs });
  }
  return stops;
}

/** Reports a wallet that has nothing to spend, or less than the smallest payout takes. */
function walletStops({ walletWei, keepInWalletWei, leastPayoutWei }: PoolFacts): readonly Stop[] {
  if (walletWei === null) return [];
  const holds = `the wallet held ${ethAndWei(walletWei)} when it was looked at last`;
  const keeps = `${ethAndWei(keepInWalletWei)} are to stay there`;
  if (walletWei <= keepInWalletWei) {
    const reason = `${holds}, and ${keeps}: top it up`;
    return [{ code: 'WALLET_EMPTY', short: 'the wallet is empty', reason, forMs: null }];
  }
  if (leastPayoutWei === null || walletWei - keepInWalletWei >= leastPayoutWei) return [];
  const least = `the smallest payout that is under way or due is ${ethAndWei(leastPayoutWei)}`;
  const reason = `${holds}, ${keeps}, and ${least}: top it up`;
  return [{ code: 'WALLET_EMPTY', short: 'the wallet holds too little', reason, forMs: null }];
}

export interface Standing {
  readonly tone: 'good' | 'warn' | 'bad';
  readonly words: string;
}

/** Describes the pool's state in a few words. */
export function standingOf(facts: PoolFacts, stops: readonly Stop[]): Standing {
  if (facts.isHalted && facts.isSwitchedOn) return { tone: 'bad', words: 'payouts halted' };
  if (!facts.isSwitchedOn) return { tone: 'warn', words: 'payouts off' };
  const [stop] = stops;
  if (!facts.isOpened && stop === undefined) return { tone: 'warn', words: 'no wallet opened yet' };
  if (stop === undefined) return { tone: 'good', words: 'payouts on' };
  return { tone: 'bad', words: `nothing is paid: ${stop.short}` };
}
