import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { createWalletActivities } from '../activities/wallet.js';
import { BULK_CALL } from './activity-options.js';
import type { RecheckReport } from './contract.js';

const { recheckSettled } = proxyActivities<ReturnType<typeof createWalletActivities>>(BULK_CALL);

/** Looks again at paid transfers that a deep reorg could still take back. */
export async function recheck(): Promise<RecheckReport> {
  const report = await recheckSettled();
  const { final, moved, reopened } = report;
  setCurrentDetails(`${final} became final, ${moved} moved, ${reopened} were re-opened.`);
  return report;
}
