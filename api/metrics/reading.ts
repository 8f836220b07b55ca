/** Everything that one scrape tells, read at one time. */

import { nowOf, type RunningPool } from '../../client/running-pool.js';
import { ARRIVALS_MS } from '../../client/views/source-view.js';
import { type AuditState, readAuditState } from '../../core/checks/audit/audit.js';
import {
  type KeptReconciliation,
  listReconciliations,
} from '../../core/checks/store/reconciliation-records.js';
import {
  countEventTypes,
  countSetAside,
  listSources,
  type SourceSummary,
} from '../../core/events/store/sources/source-reads.js';
import { type LastTurn, lastTurn } from '../../core/ledger/store/worker-processes.js';
import {
  findPayingWallet,
  type PayingWallet,
} from '../../core/payouts/store/reads/wallet-reads.js';
import { countFindings, type FindingTotals } from '../../core/sentinel/store/finding-reads.js';
import {
  bucketUnmatched,
  countLatePayouts,
  countOpenPayouts,
  type PayoutCount,
} from '../../core/sentinel/store/metrics-reads.js';
import { readArrivals, readPrices } from '../../core/sentinel/store/sentinel-reads.js';
import { type PoolTotals, readPoolTotals } from '../../core/standing/store/pool-reads.js';

export interface MetricsReading {
  readonly version: string;
  readonly now: Date;
  readonly sources: readonly SourceSummary[];
  readonly eventTypes: Awaited<ReturnType<typeof countEventTypes>>;
  readonly arrivals: Awaited<ReturnType<typeof readArrivals>>;
  readonly prices: Awaited<ReturnType<typeof readPrices>>;
  readonly unmatched: Awaited<ReturnType<typeof bucketUnmatched>>;
  readonly setAside: Awaited<ReturnType<typeof countSetAside>>;
  readonly findings: FindingTotals;
  readonly totals: PoolTotals;
  readonly openPayouts: readonly PayoutCount[];
  readonly latePayouts: readonly PayoutCount[];
  readonly wallet: PayingWallet | undefined;
  readonly reconciliation: KeptReconciliation | undefined;
  readonly audit: AuditState;
  /** When a worker got on last. */
  readonly turn: LastTurn | null;
}

export async function readMetrics(deps: RunningPool): Promise<MetricsReading> {
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
    ...{ version, now, sources, eventTypes, arrivals, prices, unmatched, setAside },
    ...{ findings, totals, openPayouts, latePayouts, wallet, reconciliation, audit, turn },
  };
}
