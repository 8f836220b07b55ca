/** The scheduled workflows besides syncs and rounds: checks of ledger and chain, the sentinel, the sweep. */
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
/** Activities on the `long` lane, which may go through years of history. */
const whole = onLane<Activities>('long', HISTORY_CALL);

/** Checks the ledger's invariants, and compares the chain's nonce with the nonces that the ledger has handed out. */
export async function audit(input: AuditInput): Promise<AuditReport> {
  const report = await (input.withEvents ? whole : inTurn).auditPool(input);
  setCurrentDetails(
    report.ok
      ? 'Everything adds up.'
      : report.findings.map((finding) => `- **${finding.code}** ${finding.message}`).join('\n'),
  );
  return report;
}

/** Checks recently paid transfers again, as long as a deep reorg could still undo them. */
export async function recheck(input: PoolInput): Promise<RecheckReport> {
  const report = await inTurn.recheckSettled(input);
  const { final, moved, reopened } = report;
  setCurrentDetails(`${final} became final, ${moved} moved, ${reopened} were re-opened.`);
  return report;
}

/** Compares chain and ledger in both directions, exact to the wei. */
export async function reconcile(input: ReconciliationInput): Promise<ReconciliationReport> {
  const report = await whole.reconcileWallet(input);
  const { fromBlock, toBlock, findings } = report;
  const lines = findings.map((finding) => `- **${finding.code}** ${finding.message}`);
  const words = report.ok ? 'everything adds up.' : `${findings.length} things do not fit.`;
  setCurrentDetails([`Blocks ${fromBlock} to ${toBlock}: ${words}`, ...lines].join('\n'));
  return report;
}

const { lookAtSources } = proxyActivities<Activities>(LOOK_CALL);

/** Lets the sentinel look once. It records what looks wrong and stops nothing. */
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
 * Starts a saga for every open payout that has none: its saga was terminated, Temporal lost its data, or a crash came
 * between the reservation and the start. A saga whose payout has ended is told so; a saga whose code keeps failing is
 * terminated and started again.
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
