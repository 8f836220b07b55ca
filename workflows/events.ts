/** What a person does about events and unattributed money: one activity each, as for repairs. */
import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { createDecisionActivities } from '../activities/decisions.js';
import type { createSyncActivities } from '../activities/sync.js';
import { BACKFILL_CALL, REPAIR_CALL, SYNC_CALL } from './activity-options.js';
import type {
  AbsorbInput,
  AdjustmentInput,
  AdjustmentReport,
  AssignInput,
  BackfillInput,
  BackfillReport,
  JobDecisionReport,
  SetAsideRetryInput,
  SetAsideRetryReport,
} from './contract-events.js';
import { tell } from './repair.js';

type SyncActivities = ReturnType<typeof createSyncActivities>;
const decisions = proxyActivities<ReturnType<typeof createDecisionActivities>>(REPAIR_CALL);
const { backfillSource } = proxyActivities<SyncActivities>(BACKFILL_CALL);
const { retrySetAside: retry } = proxyActivities<SyncActivities>(SYNC_CALL);

/** Reads a source again from a time on, beside its sync. */
export async function backfill(input: BackfillInput): Promise<BackfillReport> {
  const { sourceId, from, to, actor, reason } = input;
  const range = `from ${from ?? 'its beginning'} to ${to ?? 'its end'}`;
  const head = `For **${actor}**: ${reason}\n\nSource **${sourceId}**, ${range}`;
  setCurrentDetails(`${head}: reading. The activity's heartbeat says how far it is.`);
  const report = await backfillSource(input);
  const { events, fresh, duplicates, setAside } = report;
  const sums = `${fresh} fresh, ${duplicates} known before, ${setAside} set aside`;
  setCurrentDetails(`${head}: done. ${events} events, of which ${sums}.`);
  return report;
}

/** Gives unattributed jobs to a payee. */
export async function assignJobs(input: AssignInput): Promise<JobDecisionReport> {
  const report = await decisions.assignJobs(input);
  tell(input, [report.words]);
  return report;
}

/** Keeps unattributed jobs for the pool. */
export async function absorbJobs(input: AbsorbInput): Promise<JobDecisionReport> {
  const report = await decisions.absorbJobs(input);
  tell(input, [report.words]);
  return report;
}

/** Adds to a payee's pending fees, or takes from them. */
export async function adjustPayee(input: AdjustmentInput): Promise<AdjustmentReport> {
  const report = await decisions.adjustPayee(input);
  tell(input, [report.words]);
  return report;
}

/** Tries events that were set aside again, with the program and the configuration of now. */
export async function retrySetAside(input: SetAsideRetryInput): Promise<SetAsideRetryReport> {
  const report = await retry(input);
  tell(
    input,
    Object.entries(report.outcomes).map(([outcome, events]) => `${outcome}: ${events}`),
  );
  return report;
}
