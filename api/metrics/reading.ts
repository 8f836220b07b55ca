/** Everything that one scrape tells, read at one time. */
import { type AuditState, readAuditState } from '../../store/audit.js';
import { countFindings, type FindingTotals } from '../../store/finding-reads.js';
import {
  bucketUnmatched,
  countLatePayouts,
  countOpenPayouts,
  type PayoutCount,
} from '../../store/metrics-reads.js';
import { type PoolTotals, readPoolTotals } from '../../store/pool-reads.js';
import { type KeptReconciliation, listReconciliations } from '../../store/reconciliation.js';
import { readArrivals, readPrices } from '../../store/sentinel-reads.js';
import {
  countEventTypes,
  countSetAside,
  listSources,
  type SourceSummary,
} from '../../store/source-reads.js';
import { findPayingWallet, type PayingWallet } from '../../store/wallet-reads.js';
import { type LastTurn, lastTurn } from '../../store/worker-processes.js';
import { type ApiDeps, nowOf } from '../deps.js';
import { ARRIVALS_MS } from '../views/source-view.js';

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

export async function readMetrics(deps: ApiDeps): Promise<MetricsReading> {
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
