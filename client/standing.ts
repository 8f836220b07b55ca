/** Reads the facts from which the status page and the preview of a round tell whether the pool pays. */
import { lastTurn } from '../core/ledger/store/worker-processes.js';
import { leastPayout } from '../core/payouts/store/payee-standings.js';
import type { PayingWallet } from '../core/payouts/store/reads/wallet-reads.js';
import {
  type PoolFacts,
  type Standing,
  type Stop,
  standingOf,
  stopsOf,
} from '../core/standing/rules/pool-standing.js';
import { lastRoundAt } from '../core/standing/store/pool-reads.js';
import { nowOf, type RunningPool } from './running-pool.js';
import { pingTemporal } from './workflow-calls.js';

export interface PoolStanding extends Standing {
  readonly stops: readonly Stop[];
}

/**
 * Reads everything anew except whether Temporal answers, which is asked at most once in ASKED_EVERY_MS, however many
 * requests come.
 */
export async function readStanding(
  deps: RunningPool,
  wallet: PayingWallet | undefined,
): Promise<PoolStanding> {
  const { db, config } = deps;
  const [isTemporalThere, turn, roundAt, leastPayoutWei] = await Promise.all([
    isTemporalAnswering(deps),
    lastTurn(db),
    lastRoundAt(db),
    leastPayout(db),
  ]);
  const now = nowOf(deps).getTime();
  const ageOf = (at: Date | null) => (at === null ? null : Math.max(now - at.getTime(), 0));
  const facts: PoolFacts = {
    isSwitchedOn: config.pool.payoutsEnabled,
    isOpened: wallet !== undefined,
    isHalted: (wallet?.halts.length ?? 0) > 0,
    isTemporalThere,
    workerSilentMs: turn?.ageMs ?? null,
    walletWei: wallet?.balance?.wei ?? null,
    keepInWalletWei: config.chain.keepInWalletWei,
    leastPayoutWei,
    roundAgeMs: ageOf(roundAt),
    payoutIntervalMs: config.pool.payoutIntervalMs,
  };
  const stops = stopsOf(facts);
  return { ...standingOf(facts, stops), stops };
}

const ASKED_EVERY_MS = 5_000;
const asked = new WeakMap<object, { readonly atMs: number; readonly answers: Promise<boolean> }>();

function isTemporalAnswering(deps: RunningPool): Promise<boolean> {
  const known = asked.get(deps.client);
  if (known !== undefined && performance.now() - known.atMs < ASKED_EVERY_MS) return known.answers;
  const answers = pingTemporal(deps).then(
    () => true,
    () => false,
  );
  asked.set(deps.client, { atMs: performance.now(), answers });
  return answers;
}
