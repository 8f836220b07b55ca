/**
 * The types of the activities as workflows call them: every input carries the pool's id. The file imports no code of
 * the activities, because that would pull in Node's types, and a workflow that reads the clock or the environment would
 * then compile.
 */
import type {
  AdoptionReport,
  AuditReport,
  RecheckReport,
  ReconciliationReport,
  RepairReport,
} from '../core/checks/rules/check-reports.js';
import type {
  AdjustmentReport,
  JobDecisionReport,
} from '../core/decisions/rules/decision-reports.js';
import type {
  BackfillReport,
  SetAsideRetryReport,
  SyncReport,
} from '../core/events/rules/sync-reports.js';
import type {
  ArchiveReport,
  RebuildReport,
  RestoreReport,
  VerifyReport,
} from '../core/history/rules/reports.js';
import type { SendResult } from '../core/payouts/rules/payout.js';
import type { SentinelReport, SweepReport } from '../core/sentinel/rules/report.js';
import type {
  AuditInput,
  ManualPayoutResult,
  OrderInput,
  PayoutInput,
  PoolInput,
  ReconciliationInput,
  ReservedRound,
  RoundInput,
  SagasInput,
  SyncInput,
} from './contract.js';

type Activity<Input extends PoolInput, Result> = (input: Input) => Promise<Result>;
type Ordered<Result> = Activity<OrderInput, Result>;

export interface Activities {
  syncSource: Activity<SyncInput, SyncReport>;
  backfillSource: Ordered<BackfillReport>;
  retrySetAside: Ordered<SetAsideRetryReport>;

  assignJobs: Ordered<JobDecisionReport>;
  absorbJobs: Ordered<JobDecisionReport>;
  adjustPayee: Ordered<AdjustmentReport>;

  reserveRound: Activity<RoundInput, ReservedRound>;
  reserveManual: Ordered<ManualPayoutResult>;
  startSagas: Activity<SagasInput, { readonly started: number }>;
  sweepSagas: Activity<PoolInput, SweepReport>;
  sendPayout: Activity<PayoutInput, SendResult>;

  auditPool: Activity<AuditInput, AuditReport>;
  recheckSettled: Activity<PoolInput, RecheckReport>;
  reconcileWallet: Activity<ReconciliationInput, ReconciliationReport>;
  adoptWallet: Ordered<AdoptionReport>;
  releasePayout: Ordered<RepairReport>;
  payElsewhere: Ordered<RepairReport>;
  lookAtSources: Activity<PoolInput, SentinelReport>;

  rebuildBalances: Ordered<RebuildReport>;
  archiveEvents: Activity<PoolInput, ArchiveReport>;
  verifyArchive: Activity<PoolInput, VerifyReport>;
  restoreArchive: Ordered<RestoreReport>;
}
