/** The workflows of orders about events and unattributed money. Each calls one activity, as the repairs do. */
import { setCurrentDetails } from '@temporalio/workflow';
import type {
  AdjustmentReport,
  JobDecisionReport,
} from '../core/decisions/rules/decision-reports.js';
import type { BackfillReport, SetAsideRetryReport } from '../core/events/rules/sync-reports.js';
import { BACKFILL_CALL, onLane, REPAIR_CALL, SYNC_CALL } from './activity-options.js';
import type { Activities } from './activity-types.js';
import type { OrderInput } from './contract.js';
import { tell } from './repair.js';

const decisions = onLane<Activities>('orders', REPAIR_CALL);
const { backfillSource } = onLane<Activities>('backfill', BACKFILL_CALL);
const { retrySetAside: retry } = onLane<Activities>('orders', SYNC_CALL);

/** Reads a source again from a given time on, while its sync goes on. */
export async function backfill(input: OrderInput): Promise<BackfillReport> {
  setCurrentDetails("Reading. The activity's heartbeat says how far it is.");
  const report = await backfillSource(input);
  const { events, fresh, duplicates, setAside } = report;
  const sums = `${fresh} fresh, ${duplicates} known before, ${setAside} set aside`;
  setCurrentDetails(`Done. ${events} events, of which ${sums}.`);
  return report;
}

/** Credits unattributed jobs to a payee. */
export async function assignJobs(input: OrderInput): Promise<JobDecisionReport> {
  const report = await decisions.assignJobs(input);
  tell(report, [report.words]);
  return report;
}

/** Keeps unattributed jobs for the pool. */
export async function absorbJobs(input: OrderInput): Promise<JobDecisionReport> {
  const report = await decisions.absorbJobs(input);
  tell(report, [report.words]);
  return report;
}

/** Adds an amount to a payee's pending fees, or subtracts it. */
export async function adjustPayee(input: OrderInput): Promise<AdjustmentReport> {
  const report = await decisions.adjustPayee(input);
  tell(report, [report.words]);
  return report;
}

/** Reads events that were set aside once more, with the current program and configuration. */
export async function retrySetAside(input: OrderInput): Promise<SetAsideRetryReport> {
  const report = await retry(input);
  tell(
    report,
    Object.entries(report.outcomes).map(([outcome, events]) => `${outcome}: ${events}`),
  );
  return report;
}
