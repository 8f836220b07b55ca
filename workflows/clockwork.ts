/** The workflows that run by the clock, next to syncs and rounds: the checks of ledger and chain, the sentinel, the sweep. */
import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type {
  AuditReport,
  RecheckReport,
  ReconciliationReport,
} from '../core/checks/rules/check-reports.js';
import type { SentinelReport, SweepReport } from '../core/sentinel/rules/report.js';
import { BULK_CALL, HISTORY_CALL, LOOK_CALL, onLane } from './activity-options.js';
import type { Activities } from './activity-types.js';
import type { AuditInput, PoolInput, ReconciliationInput } from './contract.js';

const inTurn = proxyActivities<Activities>(BULK_CALL);
/** For runs over years of history, which take as long as they take. */
const whole = onLane<Activities>('long', HISTORY_CALL);

/** Checks the ledger's own invariants, and compares the chain's nonce with the slots. */
export async function audit(input: AuditInput): Promise<AuditReport> {
  const report = await (input.withEvents ? whole : inTurn).auditPool(input);
  setCurrentDetails(
    report.ok
      ? 'Everything adds up.'
      : report.findings.map((finding) => `- **${finding.code}** ${finding.message}`).join('\n'),
  );
  return report;
}

/** Looks again at paid transfers that a deep reorg could still take back. */
export async function recheck(input: PoolInput): Promise<RecheckReport> {
  const report = await inTurn.recheckSettled(input);
  const { final, moved, reopened } = report;
  setCurrentDetails(`${final} became final, ${moved} moved, ${reopened} were re-opened.`);
  return report;
}

/** Compares the chain with the ledger, both ways and to the wei. */
export async function reconcile(input: ReconciliationInput): Promise<ReconciliationReport> {
  const report = await whole.reconcileWallet(input);
  const { fromBlock, toBlock, findings } = report;
  const lines = findings.map((finding) => `- **${finding.code}** ${finding.message}`);
  const words = report.ok ? 'everything adds up.' : `${findings.length} things do not fit.`;
  setCurrentDetails([`Blocks ${fromBlock} to ${toBlock}: ${words}`, ...lines].join('\n'));
  return report;
}

const { lookAtSources } = proxyActivities<Activities>(LOOK_CALL);

/** Has the sentinel look once. It keeps what looks wrong, and stops nothing. */
export async function sentinel(input: PoolInput): Promise<SentinelReport> {
  const report = await lookAtSources(input);
  const lines = report.findings.map(({ code, sourceId, words }) => {
    return `- **${code}** ${sourceId}: ${words}`;
  });
  const words =
    report.open === 0 ? 'Nothing wants a look.' : `${report.open} findings want a look:`;
  setCurrentDetails([`${report.sources} sources. ${words}`, ...lines].join('\n'));
  return report;
}

/**
 * Starts a saga for every open payout that has none: after a saga was terminated, after Temporal lost its data, or after
 * a crash between the reservation and the start. A saga that runs without need is told so, and a saga whose code fails
 * again and again is ended and started anew.
 */
export async function sweep({ poolId }: PoolInput): Promise<SweepReport> {
  setCurrentDetails('Comparing the open payouts with the sagas that run.');
  const report = await inTurn.sweepSagas({ poolId });
  const { started, told, stuck } = report;
  const lines = stuck.map(
    ({ workflowId, failure }) => `- **SAGA_STUCK** ${workflowId}: ${failure}`,
  );
  const words = `${started} sagas started, ${told} told, ${stuck.length} stuck.`;
  setCurrentDetails([words, ...lines].join('\n'));
  return report;
}
