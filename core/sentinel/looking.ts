import { readAuditState } from '../checks/audit/audit.js';
import type { Database } from '../db/database.js';
import type { SourceConfig } from '../events/sources/source-config.js';
import { readShadowFigures } from '../moving/store/shadows.js';
import type { MoneyDeps } from '../payouts/wallet/money-deps.js';
import { agreedBalance, furthestView, noteBalance } from '../payouts/wallet/quorum-views.js';
import { readSpentBudgets } from '../policies/store/bonus-days.js';
import { readFailures } from '../policies/store/failures.js';
import { readRevenueFigures } from '../revenue/store/revenue-reads.js';
import { type HeldDeps, seeHeld } from '../standing/seeing-held.js';
import { readSolvency, type SolvencySettings } from '../standing/store/solvency-reads.js';
import { findTermsHistory } from '../terms/store/recorded-terms.js';
import { runningFiles } from '../terms/store/worker-terms.js';
import { conditionsOf, type Found, type SentinelReport } from './rules/finding.js';
import type { SentinelSettings } from './rules/source-figures.js';
import { watchBonuses, watchPolicy } from './rules/watch-policy.js';
import {
  MONEY_PATIENCE_MS,
  watchAudit,
  watchEndpoints,
  watchPayouts,
  watchRefused,
  watchShadow,
  watchTerms,
} from './rules/watch-pool.js';
import { watchRevenue } from './rules/watch-revenue.js';
import { watchSolvency } from './rules/watch-solvency.js';
import { watchSource } from './rules/watch-source.js';
import { watchWorkers } from './rules/watch-workers.js';
import { type LookReport, recordLook } from './store/findings.js';
import { openSubjects, readPayoutFigures, readRefusedSends } from './store/payout-figures.js';
import { readSentinelFigures } from './store/source-figures-reads.js';
import { readWorkerSigns } from './store/worker-signs.js';

export interface SentinelDeps {
  readonly db: Database;
  readonly settings: SentinelSettings;
  readonly sources: readonly Pick<SourceConfig, 'id' | 'syncIntervalMs'>[];
  /** Time between two payout rounds; null while the configuration pays nothing. */
  readonly roundIntervalMs: number | null;
  /** Endpoints and wallet. A look asks the endpoints even while nothing is paid, to notice a silent one. */
  readonly money?: MoneyDeps;
  /** Where the pool's money is. Absent: whether it covers what is owed is not judged. */
  readonly solvency?: SolvencySettings & Pick<HeldDeps, 'bondingManager'>;
  /** Whether it is known whose tickets the pool's are: only then what they bring is judged. */
  readonly seesRedemptions?: boolean;
  readonly now?: () => Date;
  /** Called after each look with what it changed, for the log. */
  readonly onLook?: (report: LookReport) => void;
}

/** The report, which Temporal's UI shows, holds at most this many findings; Postgres keeps all of them. */
const MOST_TOLD = 50;

/** Checks sources, terms, money, audit and payouts once, and records what looks wrong. It stops nothing. */
export async function lookAtSources(deps: SentinelDeps): Promise<SentinelReport> {
  const { db, settings, sources, now = () => new Date() } = deps;
  const at = now();
  const { unmatchedAgeMs } = settings;
  const stored = await readSentinelFigures(db, { now: at, unmatchedAgeMs });
  const intervals = new Map(sources.map(({ id, syncIntervalMs }) => [id, syncIntervalMs]));
  const conditions = stored.flatMap((figures) => {
    // A source that is missing in this worker's configuration is read by another worker, or by none: its interval is
    // unknown here.
    const syncIntervalMs = intervals.get(figures.sourceId) ?? 0;
    return watchSource({ ...figures, syncIntervalMs }, settings, at.getTime());
  });
  const { roundIntervalMs } = deps;
  const { priceJumpFactor } = settings;
  const ofThePool = conditionsOf('', [
    ...(await watchTermsOf(db)),
    ...(await watchMoney(deps)),
    ...(await watchCover(deps, at)),
    ...watchAudit(await readAuditState(db)),
    ...watchPolicy(await readFailures(db)),
    ...watchWorkers(await readWorkerSigns(db, { now: at, priceJumpFactor })),
    ...watchBonuses(await readSpentBudgets(db)),
    ...(await watchTickets(deps, at)),
    ...watchShadow(await readShadowFigures(db), at.getTime()),
    ...watchPayouts({ ...(await readPayoutFigures(db)), roundIntervalMs }),
  ]);
  const report = await recordLook(db, [...conditions, ...ofThePool], at);
  deps.onLook?.(report);
  const told = report.open.slice(0, MOST_TOLD);
  return {
    sources: stored.length,
    opened: report.opened.length,
    worse: report.worse.length,
    resolved: report.resolved.length,
    open: report.open.length,
    findings: told.map(({ code, sourceId, words }) => ({ code, sourceId, words })),
  };
}

/** Judges the terms by the database's clock, by which their changes were recorded. */
async function watchTermsOf(db: Database): Promise<readonly Found[]> {
  const history = await findTermsHistory(db);
  if (history === undefined) return [];
  const { versions, now } = history;
  return watchTerms({ versions, files: await runningFiles(db), nowMs: now.getTime() });
}

async function watchMoney({ db, money }: SentinelDeps): Promise<readonly Found[]> {
  const refused = watchRefused(await readRefusedSends(db, MONEY_PATIENCE_MS));
  if (money === undefined) return refused;
  const { rpc, signer } = money;
  const seen = await rpc.survey((reads) => reads.walletView(signer.address));
  const views = seen.flatMap((one) => ('value' in one ? [one.value] : []));
  // Alerts go by it, so one endpoint alone is not believed where two must agree: what was seen last stays.
  if (views.length >= rpc.quorum) {
    const balanceWei = agreedBalance(views, rpc.quorum);
    await noteBalance(money, { ...furthestView(views), balanceWei });
  }
  const known = await openSubjects(db, 'RPC_SILENT');
  const silences = rpc.silences().map((one) => ({ ...one, isKnown: known.has(one.name) }));
  return [...refused, ...watchEndpoints(silences, rpc.quorum)];
}

/** Judges by what the chain showed last: while it shows nothing, what was found stays found. */
async function watchCover(
  { db, money, solvency, roundIntervalMs }: SentinelDeps,
  at: Date,
): Promise<readonly Found[]> {
  if (money === undefined || solvency === undefined || roundIntervalMs === null) return [];
  const { chainId, places, bondingManager } = solvency;
  const { rpc, onTrouble } = money;
  await seeHeld({ db, rpc, chainId, places, bondingManager, onTrouble });
  // After a replacement this worker may still have the key of an earlier wallet: nobody shall fill that one.
  const report = await readSolvency(db, solvency, at.getTime());
  return watchSolvency(report, report.wallet ?? money.signer.address);
}

/** What was redeemed is compared with what was credited over so many days. */
const REVENUE_DAYS = 30;

async function watchTickets(
  { db, seesRedemptions = false }: SentinelDeps,
  at: Date,
): Promise<readonly Found[]> {
  if (!seesRedemptions) return [];
  return watchRevenue(await readRevenueFigures(db, { days: REVENUE_DAYS, nowMs: at.getTime() }));
}
