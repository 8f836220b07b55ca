/** Reads the facts from which the status page and the preview of a round tell whether the pool pays. */

import { roundConfigOf } from '../config/config.js';
import { lastTurn } from '../core/ledger/store/worker-processes.js';
import { leastPayout } from '../core/payouts/store/payee-standings.js';
import type { PayingWallet } from '../core/payouts/store/reads/wallet-reads.js';
import { standingOf, stopsOf } from '../core/standing/rules/pool-standing.js';
import { lastRoundAt } from '../core/standing/store/pool-reads.js';
import { nowOf, type RunningPool } from './running-pool.js';
import { pingTemporal } from './workflow-calls.js';

/**
 * Reads everything anew except whether Temporal answers, which is asked at most once in ASKED_EVERY_MS, however many
 * requests come.
 */
export async function readStanding(pool: RunningPool, wallet: PayingWallet | undefined) {
  const [facts, leastPayoutWei] = await Promise.all([
    readFacts(pool, wallet),
    leastPayout(pool.db, roundConfigOf(pool.config)),
  ]);
  const all = { ...facts, leastPayoutWei };
  const stops = stopsOf(all);
  return { ...standingOf(all, stops), stops };
}

/** Reads what stops the pool, but for a wallet that holds too little: it looks at no payee. */
export async function readStops(pool: RunningPool, wallet: PayingWallet | undefined) {
  return stopsOf({ ...(await readFacts(pool, wallet)), leastPayoutWei: null });
}

/** Reads the same for one payee, with when the next round is due, while the wallet is still being read. */
export async function readStopsAndRound(
  pool: RunningPool,
  reading: Promise<PayingWallet | undefined>,
) {
  const facts = await readFacts(pool, reading);
  const { roundAt } = facts;
  return { stops: stopsOf({ ...facts, leastPayoutWei: null }), nextRoundAt: after(roundAt, pool) };
}

async function readFacts(
  pool: RunningPool,
  reading: PayingWallet | undefined | Promise<PayingWallet | undefined>,
) {
  const { db, config } = pool;
  const [wallet, isTemporalThere, turn, roundAt] = await Promise.all([
    reading,
    isTemporalAnswering(pool),
    lastTurn(db),
    lastRoundAt(db),
  ]);
  return {
    isSwitchedOn: config.pool.payoutsEnabled,
    isOpened: wallet !== undefined,
    isHalted: (wallet?.halts.length ?? 0) > 0,
    isTemporalThere,
    temporalAwayMs: temporalAwayMs(pool),
    workerSilentMs: turn?.ageMs ?? null,
    walletWei: wallet?.balance?.wei ?? null,
    keepInWalletWei: config.chain.keepInWalletWei,
    roundAt,
    roundAgeMs: roundAt && Math.max(nowOf(pool).getTime() - roundAt.getTime(), 0),
    payoutIntervalMs: config.pool.payoutIntervalMs,
  };
}

/** Reads when the next payout round is due; null when none has run yet. */
export async function nextRoundAt(pool: RunningPool): Promise<Date | null> {
  return after(await lastRoundAt(pool.db), pool);
}

const after = (roundAt: Date | null, { config }: RunningPool): Date | null =>
  roundAt && new Date(roundAt.getTime() + config.pool.payoutIntervalMs);

const ASKED_EVERY_MS = 5_000;
const asked = new WeakMap<object, { readonly atMs: number; readonly answers: Promise<boolean> }>();

/** When Temporal was first found away after it had last answered, by the process's own clock. */
const awaySince = new WeakMap<object, number>();

function temporalAwayMs({ client }: RunningPool): number | null {
  const sinceMs = awaySince.get(client);
  return sinceMs === undefined ? null : performance.now() - sinceMs;
}

function noteAnswer(client: object, isThere: boolean): boolean {
  if (isThere) awaySince.delete(client);
  else if (!awaySince.has(client)) awaySince.set(client, performance.now());
  return isThere;
}

function isTemporalAnswering(pool: RunningPool): Promise<boolean> {
  const known = asked.get(pool.client);
  if (known !== undefined && performance.now() - known.atMs < ASKED_EVERY_MS) return known.answers;
  const answers = pingTemporal(pool).then(
    () => noteAnswer(pool.client, true),
    () => noteAnswer(pool.client, false),
  );
  // A Temporal that is away lets one wait for seconds: only the first reader does, the others get what was known before.
  const meanwhile = known?.answers ?? answers;
  const atMs = performance.now();
  asked.set(pool.client, { atMs, answers: meanwhile });
  void answers.then(() => asked.set(pool.client, { atMs, answers }));
  return meanwhile;
}
