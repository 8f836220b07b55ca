/** Reads all data of one scrape. */
import { nowOf, type RunningPool } from '../../client/running-pool.js';
import { ARRIVALS_MS } from '../../client/views/source-view.js';
import { readAuditState } from '../../core/checks/audit/audit.js';
import { listReconciliations } from '../../core/checks/store/reconciliation-records.js';
import {
  countEventTypes,
  countSetAside,
  listSources,
} from '../../core/events/store/sources/source-reads.js';
import { lastTurn } from '../../core/ledger/store/worker-processes.js';
import { findPayingWallet } from '../../core/payouts/store/reads/wallet-reads.js';
import { countFindings } from '../../core/sentinel/store/finding-reads.js';
import {
  bucketUnmatched,
  countLatePayouts,
  countOpenPayouts,
} from '../../core/sentinel/store/metric-counts.js';
import { readArrivals, readPrices } from '../../core/sentinel/store/source-figures-reads.js';
import { readPoolTotals } from '../../core/standing/store/pool-reads.js';

export async function readMetrics(deps: RunningPool) {
  const { db, config, version } = deps;
  const now = nowOf(deps);
  const [sources, eventTypes, arrivals, prices, unmatched, setAside] = await Promise.all([
    listSources(db, now),
    countEventTypes(db),
    readArrivals(db, new Date(now.getTime() - ARRIVALS_MS)),
    readPrices(db, now),
    bucketUnmatched(db, now),
    countSetAside(db),
  ]);
  const [findings, totals, openPayouts, latePayouts, wallet, turn] = await Promise.all([
    countFindings(db),
    readPoolTotals(db),
    countOpenPayouts(db),
    countLatePayouts(db, now),
    findPayingWallet(db, config.chain.chainId),
    lastTurn(db),
  ]);
  const audit = await readAuditState(db);
  const [reconciliation] = wallet === undefined ? [] : await listReconciliations(db, wallet, 1);
  return {
    version,
    now,
    sources,
    eventTypes,
    arrivals,
    prices,
    unmatched,
    setAside,
    findings,
    totals,
    openPayouts,
    latePayouts,
    wallet,
    reconciliation,
    audit,
    /** The latest report of any worker. */
    turn,
  };
}

export type MetricsReading = Readonly<Awaited<ReturnType<typeof readMetrics>>>;
