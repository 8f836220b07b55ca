/** Shows the results of an operator's decisions about events and money, for `/v1` and the command line. */

import { withChecksums } from '../../core/chain/checksums.js';
import type {
  AdjustmentReport,
  JobDecisionReport,
} from '../../core/decisions/rules/decision-reports.js';
import type { SetAsideRetryReport } from '../../core/events/rules/sync-reports.js';
import { amount } from './amounts.js';

interface Fees {
  readonly grossWei: string;
  readonly commissionWei: string;
  readonly netWei: string;
}

const fees = ({ grossWei, commissionWei, netWei }: Fees) => ({
  ...amount('gross', BigInt(grossWei)),
  ...amount('commission', BigInt(commissionWei)),
  ...amount('net', BigInt(netWei)),
});

export function viewJobDecision(report: JobDecisionReport) {
  const shown = report.shown.map((one) => ({ ...one, ...fees(one) }));
  return withChecksums({ ...report, ...fees(report), shown });
}

export function viewAdjustment(report: AdjustmentReport) {
  return withChecksums({
    ...report,
    ...amount('amount', BigInt(report.amountWei)),
    ...amount('pending', BigInt(report.pendingWei)),
  });
}

export function viewSetAsideRetry(report: SetAsideRetryReport) {
  return { ...report, shown: report.shown.map((one) => ({ ...one, id: String(one.id) })) };
}
