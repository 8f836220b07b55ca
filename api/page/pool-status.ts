import { nowOf, type RunningPool } from '../../client/running-pool.js';
import { countHours, listSources } from '../../core/events/store/sources/source-reads.js';
import { topRemoteWorkers } from '../../core/payees/store/remote-worker-reads.js';
import {
  countUnaffordable,
  listOpenPayouts,
  listPayouts,
} from '../../core/payouts/store/reads/payout-reads.js';
import { findPayingWallet } from '../../core/payouts/store/reads/wallet-reads.js';
import { countFindings, openFindings } from '../../core/sentinel/store/finding-reads.js';
import { readPoolTotals } from '../../core/standing/store/pool-reads.js';
import { findTermsInForce } from '../../core/terms/store/recorded-terms.js';
import { readStanding } from '../standing.js';
import { chartStart } from './hour-chart.js';

const SHOWN_WORKERS = 50;
const SHOWN_OPEN = 25;
const SHOWN_FINDINGS = 8;
const SHOWN_ENDED = { limit: 15, cursor: null };

/** Reads all data of the status page. */
export async function readStatus(deps: RunningPool) {
  const { db, poolId, config, version } = deps;
  const now = nowOf(deps);
  const [terms, totals, workers, sources, openPayouts, recent, wallet] = await Promise.all([
    findTermsInForce(db),
    readPoolTotals(db),
    topRemoteWorkers(db, SHOWN_WORKERS),
    listSources(db, now),
    listOpenPayouts(db, SHOWN_OPEN),
    listPayouts(db, { states: ['paid', 'refused', 'failed', 'cancelled'] }, SHOWN_ENDED),
    findPayingWallet(db, config.chain.chainId),
  ]);
  const [hours, findings, findingTotals, unaffordable, standing] = await Promise.all([
    countHours(db, { from: chartStart(now), to: now }),
    openFindings(db, SHOWN_FINDINGS),
    countFindings(db),
    countUnaffordable(db),
    readStanding(deps, wallet),
  ]);
  return {
    config,
    poolId,
    version,
    now,
    /** Null when no worker has recorded any terms. */
    terms: terms ?? null,
    totals,
    workers,
    sources,
    /** The hourly event counts of all sources, from `chartStart` on. */
    hours,
    findings,
    findingTotals,
    openPayouts,
    recentPayouts: recent.items,
    wallet,
    standing,
    /** The payouts that wait until the wallet is topped up. */
    unaffordable,
  };
}

export type PoolStatus = Readonly<Awaited<ReturnType<typeof readStatus>>>;
