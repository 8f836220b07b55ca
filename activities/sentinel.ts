import { readAuditState } from '../core/checks/audit/audit.js';
import type { Database } from '../core/db/database.js';
import type { SourceConfig } from '../core/events/sources/source-config.js';
import { furthestView, noteBalance } from '../core/payouts/wallet/balance-views.js';
import type { MoneyDeps } from '../core/payouts/wallet/money-deps.js';
import type { Condition, SentinelReport } from '../core/sentinel/rules/finding.js';
import type { SentinelSettings } from '../core/sentinel/rules/source-figures.js';
import { watchAudit } from '../core/sentinel/rules/watch-audit.js';
import { watchPayouts } from '../core/sentinel/rules/watch-payouts.js';
import {
  MONEY_PATIENCE_MS,
  watchEndpoints,
  watchRefused,
} from '../core/sentinel/rules/watch-sends.js';
import { watchSource } from '../core/sentinel/rules/watch-source.js';
import { watchTerms } from '../core/sentinel/rules/watch-terms.js';
import { type LookReport, recordLook } from '../core/sentinel/store/findings.js';
import {
  openSubjects,
  readPayoutFigures,
  readRefusedSends,
} from '../core/sentinel/store/payout-figures.js';
import { readSentinelFigures } from '../core/sentinel/store/source-figures-reads.js';
import { findTermsHistory } from '../core/terms/store/terms.js';
import { runningFiles } from '../core/terms/store/worker-terms.js';
import { guarded } from './failure.js';

/** What the sentinel looks with. */
export interface SentinelDeps {
  readonly db: Database;
  readonly settings: SentinelSettings;
  readonly sources: readonly Pick<SourceConfig, 'id' | 'syncIntervalMs'>[];
  /** Between two payout rounds; null while the configuration pays nothing. */
  readonly roundIntervalMs: number | null;
  /** Its endpoints are asked at each look: one that is silent is noticed, and the balance kept, while nothing is paid. */
  readonly money?: MoneyDeps;
  readonly now?: () => Date;
  /** Told what changed, for the log. */
  readonly onLook?: (report: LookReport) => void;
}

/** More would not help whoever reads them in the UI; all of them are kept. */
const MOST_TOLD = 50;

/** The activities of the sentinel. */
export function createSentinelActivities(deps: SentinelDeps) {
  return { lookAtSources: guarded(() => lookAtSources(deps)) };
}

/** One look at every source: what looks wrong is kept as findings, and nothing is stopped. */
export async function lookAtSources(deps: SentinelDeps): Promise<SentinelReport> {
  const { db, settings, sources, now = () => new Date() } = deps;
  const at = now();
  const { unmatchedAgeMs } = settings;
  const stored = await readSentinelFigures(db, { now: at, unmatchedAgeMs });
  const intervals = new Map(sources.map(({ id, syncIntervalMs }) => [id, syncIntervalMs]));
  const conditions = stored.flatMap((figures) => {
    // One that this worker's configuration does not have is somebody else's to read.
    const syncIntervalMs = intervals.get(figures.sourceId) ?? 0;
    return watchSource({ ...figures, syncIntervalMs }, settings, at.getTime());
  });
  const { roundIntervalMs } = deps;
  const ofPayouts = watchPayouts({ ...(await readPayoutFigures(db)), roundIntervalMs });
  const ofThePool = [
    ...(await termsConditions(db)),
    ...(await moneyConditions(deps)),
    ...(await auditConditions(db)),
    ...ofPayouts,
  ];
  const report = await recordLook(db, [...conditions, ...ofThePool], at);
  deps.onLook?.(report);
  return {
    sources: stored.length,
    opened: report.opened.length,
    worse: report.worse.length,
    resolved: report.resolved.length,
    open: report.open.length,
    findings: report.open
      .slice(0, MOST_TOLD)
      .map(({ code, sourceId, words }) => ({ code, sourceId, words })),
  };
}

/** By the database's clock, as the terms themselves. */
async function termsConditions(db: Database): Promise<readonly Condition[]> {
  const history = await findTermsHistory(db);
  if (history === undefined) return [];
  const { versions, now } = history;
  return watchTerms({ versions, files: await runningFiles(db), nowMs: now.getTime() });
}

async function moneyConditions({ db, money }: SentinelDeps): Promise<readonly Condition[]> {
  const refused = watchRefused(await readRefusedSends(db, MONEY_PATIENCE_MS));
  if (money === undefined) return refused;
  const { rpc, signer } = money;
  const seen = await rpc.survey((reads) => reads.walletView(signer.address));
  const views = seen.flatMap((one) => ('value' in one ? [one.value] : []));
  if (views.length > 0) await noteBalance(money, furthestView(views));
  const known = await openSubjects(db, 'RPC_SILENT');
  const silences = rpc.silences().map((one) => ({ ...one, isKnown: known.has(one.name) }));
  return [...refused, ...watchEndpoints(silences, rpc.quorum)];
}

/** By the database's clock too: the audit notes its times by it. */
async function auditConditions(db: Database): Promise<readonly Condition[]> {
  const { checkedAt, wholeAt, since, now } = await readAuditState(db);
  const ms = (at: Date | null) => at?.getTime() ?? null;
  return watchAudit({
    checkedMs: ms(checkedAt),
    wholeMs: ms(wholeAt),
    sinceMs: ms(since),
    nowMs: now.getTime(),
  });
}
