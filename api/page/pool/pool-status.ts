import { nowOf, type RunningPool } from '../../../client/running-pool.js';
import { readStanding } from '../../../client/standing.js';
import { countHours, listSources } from '../../../core/events/store/sources/source-reads.js';
import { findSyncPause } from '../../../core/events/store/sources/sync-pause.js';
import {
  countUnaffordable,
  listOpenPayouts,
  listPayouts,
} from '../../../core/payouts/store/reads/payout-reads.js';
import { findPayingWallet } from '../../../core/payouts/store/reads/wallet-reads.js';
import { countFindings, openFindings } from '../../../core/sentinel/store/finding-reads.js';
import { readPoolTotals } from '../../../core/standing/store/pool-reads.js';
import { findTermsInForce } from '../../../core/terms/store/recorded-terms.js';
import { chartStart } from './hour-chart.js';

const SHOWN_OPEN = 25;
const SHOWN_FINDINGS = 8;
const SHOWN_ENDED = { limit: 15, cursor: null };

/** Reads all data of the page of how the pool runs. */
export async function readStatus(pool: RunningPool) {
  const { db, poolId, config, version } = pool;
  const now = nowOf(pool);
  const ended = { states: ['paid', 'refused', 'failed', 'cancelled'] } as const;
  const first = await allOf({
    terms: findTermsInForce(db),
    totals: readPoolTotals(db),
    sources: listSources(db, now),
    openPayouts: listOpenPayouts(db, SHOWN_OPEN),
    endedPayouts: listPayouts(db, ended, SHOWN_ENDED),
    wallet: findPayingWallet(db, config.chain.chainId),
  });
  const second = await allOf({
    /** The hourly event counts of all sources, from `chartStart` on. */
    hours: countHours(db, { from: chartStart(now), to: now }),
    findings: openFindings(db, SHOWN_FINDINGS),
    findingTotals: countFindings(db),
    /** The payouts that wait until the wallet is topped up. */
    unaffordable: countUnaffordable(db),
    standing: readStanding(pool, first.wallet),
    syncPause: findSyncPause(db),
  });
  return { config, poolId, version, now, ...first, ...second };
}

export type PoolStatus = Readonly<Awaited<ReturnType<typeof readStatus>>>;

/** Waits like Promise.all, for an object whose values are promises. */
async function allOf<Reads extends object>(reads: Reads) {
  const entries = Object.entries(reads).map(async ([name, read]) => [name, await read]);
  return Object.fromEntries(await Promise.all(entries)) as {
    readonly [Name in keyof Reads]: Awaited<Reads[Name]>;
  };
}
