import { setCurrentDetails } from '@temporalio/workflow';
import type { createWalletActivities } from '../activities/wallet.js';
import type { ReconciliationReport } from '../core/checks/rules/reports.js';
import { HISTORY_CALL, onLane } from './activity-options.js';
import type { ReconciliationInput, Scoped } from './contract.js';

const activities = onLane<Scoped<ReturnType<typeof createWalletActivities>>>('long', HISTORY_CALL);

/** Holds the chain against the ledger, both ways and to the wei. */
export async function reconcile(input: ReconciliationInput): Promise<ReconciliationReport> {
  const report = await activities.reconcileWallet(input);
  const { fromBlock, toBlock, findings } = report;
  const lines = findings.map((finding) => `- **${finding.code}** ${finding.message}`);
  const words = report.ok ? 'everything adds up.' : `${findings.length} things do not fit.`;
  setCurrentDetails([`Blocks ${fromBlock} to ${toBlock}: ${words}`, ...lines].join('\n'));
  return report;
}
