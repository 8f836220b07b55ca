/** What runs by the clock, next to syncs and rounds: checks of the ledger and the chain, the sentinel, the sweep of sagas. */
import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { createRoundActivities } from '../activities/round.js';
import type { createSentinelActivities } from '../activities/sentinel.js';
import type { SweepReport } from '../activities/sweep.js';
import type { AuditReport, createWalletActivities } from '../activities/wallet.js';
import type { RecheckReport, ReconciliationReport } from '../core/checks/rules/reports.js';
import type { SentinelReport } from '../core/sentinel/rules/finding.js';
import { BULK_CALL, HISTORY_CALL, LOOK_CALL, onLane } from './activity-options.js';
import type { AuditInput, PoolInput, ReconciliationInput, Scoped } from './contract.js';

type WalletActivities = Scoped<ReturnType<typeof createWalletActivities>>;

const inTurn = proxyActivities<WalletActivities>(BULK_CALL);
/** With years of history: it ends when it ends. */
const whole = onLane<WalletActivities>('long', HISTORY_CALL);

/** Holds the ledger against its own invariants and the chain's nonce against the slots. */
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

/** Holds the chain against the ledger, both ways and to the wei. */
export async function reconcile(input: ReconciliationInput): Promise<ReconciliationReport> {
  const report = await whole.reconcileWallet(input);
  const { fromBlock, toBlock, findings } = report;
  const lines = findings.map((finding) => `- **${finding.code}** ${finding.message}`);
  const words = report.ok ? 'everything adds up.' : `${findings.length} things do not fit.`;
  setCurrentDetails([`Blocks ${fromBlock} to ${toBlock}: ${words}`, ...lines].join('\n'));
  return report;
}

const { lookAtSources } =
  proxyActivities<Scoped<ReturnType<typeof createSentinelActivities>>>(LOOK_CALL);

/** Looks at what comes in and keeps what looks wrong. It stops nothing. */
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

const { sweepSagas } = proxyActivities<Scoped<ReturnType<typeof createRoundActivities>>>(BULK_CALL);

/**
 * Starts a saga for every open payout that has none: after a terminated saga, a lost Temporal, or a
 * crash between the reservation and the start. One that runs without need is told so, and one whose code
 * fails again and again is ended and started anew.
 */
export async function sweep({ poolId }: PoolInput): Promise<SweepReport> {
  setCurrentDetails('Comparing the open payouts with the sagas that run.');
  const report = await sweepSagas({ poolId });
  const { started, told, stuck } = report;
  const lines = stuck.map(
    ({ workflowId, failure }) => `- **SAGA_STUCK** ${workflowId}: ${failure}`,
  );
  const words = `${started} sagas started, ${told} told, ${stuck.length} stuck.`;
  setCurrentDetails([words, ...lines].join('\n'));
  return report;
}
