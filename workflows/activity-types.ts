/** The activities as workflows call them. No code of theirs is imported: Node's types would come along with it. */
import type * as checks from '../core/checks/rules/check-reports.js';
import type * as decisions from '../core/decisions/rules/decision-reports.js';
import type * as events from '../core/events/rules/sync-reports.js';
import type { JudgingReport } from '../core/guard/rules/judging-report.js';
import type * as history from '../core/history/rules/reports.js';
import type { ShadowReport } from '../core/moving/rules/shadow-report.js';
import type { DeliveryReport } from '../core/notices/rules/delivery-report.js';
import type { SendResult } from '../core/payouts/rules/payout.js';
import type { PoliciesReport } from '../core/policies/rules/resolving-report.js';
import type { RevenueReport } from '../core/revenue/rules/revenue-report.js';
import type { SentinelReport } from '../core/sentinel/rules/finding.js';
import type {
  AuditInput,
  ManualPayoutResult,
  NoticesInput,
  OrderedRound,
  OrderInput,
  PayoutInput,
  PoolInput,
  ReconciliationInput,
  ReservedRound,
  RoundInput,
  SagasInput,
  SweepReport,
  SyncInput,
} from './contract.js';

type Activity<Input extends PoolInput, Result> = (input: Input) => Promise<Result>;
type Ordered<Result> = Activity<OrderInput, Result>;

export interface Activities {
  syncSource: Activity<SyncInput, events.SyncReport>;
  backfillSource: Ordered<events.BackfillReport>;
  retrySetAside: Ordered<events.SetAsideRetryReport>;

  assignJobs: Ordered<decisions.JobDecisionReport>;
  absorbJobs: Ordered<decisions.JobDecisionReport>;
  adjustPayee: Ordered<decisions.AdjustmentReport>;

  askPolicies: Activity<PoolInput, PoliciesReport>;
  lookAtRevenue: Activity<PoolInput, RevenueReport>;

  reserveRound: Activity<RoundInput, ReservedRound>;
  reserveOrderedRound: Ordered<OrderedRound>;
  reserveManual: Ordered<ManualPayoutResult>;
  startSagas: Activity<SagasInput, { readonly started: number }>;
  sweepSagas: Activity<PoolInput, SweepReport>;
  sendPayout: Activity<PayoutInput, SendResult>;

  auditPool: Activity<AuditInput, checks.AuditReport>;
  recheckSettled: Activity<PoolInput, checks.RecheckReport>;
  reconcileWallet: Activity<ReconciliationInput, checks.ReconciliationReport>;
  adoptWallet: Ordered<checks.AdoptionReport>;
  releasePayout: Ordered<checks.RepairReport>;
  payElsewhere: Ordered<checks.RepairReport>;
  lookAtSources: Activity<PoolInput, SentinelReport>;
  compareShadow: Activity<PoolInput, ShadowReport>;
  judgeWorkers: Activity<PoolInput, JudgingReport>;

  spreadNotices: Activity<PoolInput, { readonly targetIds: readonly string[] }>;
  deliverNotices: Activity<NoticesInput, DeliveryReport>;

  rebuildBalances: Ordered<history.RebuildReport>;
  archiveEvents: Activity<PoolInput, history.ArchiveReport>;
  verifyArchive: Activity<PoolInput, history.VerifyReport>;
  restoreArchive: Ordered<history.RestoreReport>;
}
