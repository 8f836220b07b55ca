import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { createWalletActivities } from '../activities/wallet.js';
import type { RecheckReport } from '../core/checks/rules/reports.js';
import { BULK_CALL } from './activity-options.js';
import type { PoolInput, Scoped } from './contract.js';

const { recheckSettled } =
  proxyActivities<Scoped<ReturnType<typeof createWalletActivities>>>(BULK_CALL);

/** Looks again at paid transfers that a deep reorg could still take back. */
export async function recheck(input: PoolInput): Promise<RecheckReport> {
  const report = await recheckSettled(input);
  const { final, moved, reopened } = report;
  setCurrentDetails(`${final} became final, ${moved} moved, ${reopened} were re-opened.`);
  return report;
}
