/** The workflows of repairs that a person ordered. Each calls one activity; Temporal's UI keeps the result. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { AdoptionReport, RepairReport } from '../core/checks/rules/check-reports.js';
import { onLane, REPAIR_CALL } from './activity-options.js';
import type { Activities } from './activity-types.js';
import type { OrderInput } from './contract.js';

const activities = onLane<Activities>('orders', REPAIR_CALL);

/** Records transactions that the wallet's key made outside of this ledger. */
export async function adoptWallet(input: OrderInput): Promise<AdoptionReport> {
  const report = await activities.adoptWallet(input);
  tell(report, [...report.findings.map(({ words }) => words), report.waiting ?? 'Complete.']);
  return report;
}

/** Ends a payout and returns its reserved amount to the payee's pending fees. */
export async function releasePayout(input: OrderInput): Promise<RepairReport> {
  const report = await activities.releasePayout(input);
  tell(report, [report.words]);
  return report;
}

/** Records that a payee was paid outside of the pool. */
export async function payElsewhere(input: OrderInput): Promise<RepairReport> {
  const report = await activities.payElsewhere(input);
  tell(report, [report.words]);
  return report;
}

/** Shows a repair's result in Temporal's UI. The workflow's summary says why it was ordered, the ledger by whom. */
export function tell({ applied }: { readonly applied: boolean }, lines: readonly string[]): void {
  const head = applied ? 'Done:' : 'Nothing was changed:';
  setCurrentDetails([head, ...lines.map((line) => `- ${line}`)].join('\n'));
}
