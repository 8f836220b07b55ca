import { readSolvencyOf } from '../../../client/payouts/solvency.js';
import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import { nextRoundAt, readStanding } from '../../../client/standing.js';
import { listSources } from '../../../core/events/store/sources/source-reads.js';
import { findSyncPause } from '../../../core/events/store/sources/sync-pause.js';
import { findPayingWallet } from '../../../core/payouts/store/reads/wallet-reads.js';
import { countFindings } from '../../../core/sentinel/store/finding-reads.js';
import {
  countWaits,
  countWorkersByPlace,
  type Leader,
  lastRounds,
  topPayees,
} from '../../../core/standing/store/overview-reads.js';
import { readPoolDays } from '../../../core/standing/store/pool-days.js';
import { readPoolTotals } from '../../../core/standing/store/pool-reads.js';
import { findTermsInForce } from '../../../core/terms/store/recorded-terms.js';
import type { Span } from '../charts/spans.js';

const SHOWN_ROUNDS = 6;
const SHOWN_LEADERS = 10;
/** Who earned most changes slowly, and finding it out reads all balances: it is read once a minute. */
const LEADERS_KEPT_MS = 60_000;

export type FrontStatus = Awaited<ReturnType<typeof readFront>>;

/** Reads all data of the front page. */
export async function readFront(pool: RunningPool, span: Span) {
  const { db, config, version } = pool;
  const now = nowOf(pool);
  const wallet = await findPayingWallet(db, config.chain.chainId);
  const [
    standing,
    terms,
    totals,
    places,
    waits,
    rounds,
    nextRound,
    leaders,
    days,
    reading,
    solvency,
  ] = await Promise.all([
    readStanding(pool, wallet),
    findTermsInForce(db),
    readPoolTotals(db),
    countWorkersByPlace(db),
    countWaits(db),
    lastRounds(db, SHOWN_ROUNDS),
    nextRoundAt(pool),
    config.api.showLeaderboard ? leadersOf(pool) : null,
    readPoolDays(db, { days: span, nowMs: now.getTime() }),
    readReading(pool, now),
    readSolvencyOf(pool),
  ]);
  return {
    config,
    version,
    now,
    wallet,
    standing,
    terms,
    totals,
    places,
    waits,
    rounds,
    span,
    days,
    ...reading,
    cover: solvency.cover,
    nextRoundAt: nextRound,
    /** Those who earned most; null when the operator does not want them shown. */
    leaders,
  };
}

/** Reads whether the pool hears of the jobs that are done, and what the sentinel found. */
async function readReading({ db }: RunningPool, now: Date) {
  const [sources, pause, { counts }] = await Promise.all([
    listSources(db, now),
    findSyncPause(db),
    countFindings(db),
  ]);
  return { sources, pause, findings: [...new Set(counts.map(({ code }) => code))] };
}

type Leaders = readonly Leader[];
const known = new WeakMap<object, { readonly atMs: number; readonly leaders: Promise<Leaders> }>();

function leadersOf({ db }: RunningPool): Promise<Leaders> {
  const kept = known.get(db);
  if (kept !== undefined && performance.now() - kept.atMs < LEADERS_KEPT_MS) return kept.leaders;
  const leaders = topPayees(db, SHOWN_LEADERS);
  known.set(db, { atMs: performance.now(), leaders });
  // What failed is asked again by the next reader.
  leaders.catch(() => known.delete(db));
  return leaders;
}
