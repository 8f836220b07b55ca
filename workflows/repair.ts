/** Repairs that a person ordered, with one activity each. Temporal's UI keeps what came of them. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { AdoptionReport, RepairReport } from '../core/checks/rules/check-reports.js';
import { onLane, REPAIR_CALL } from './activity-options.js';
import type { Activities } from './activity-types.js';
import type { OrderInput } from './contract.js';

const activities = onLane<Activities>('orders', REPAIR_CALL);

/** Books what the wallet's key did outside of this ledger. */
export async function adoptWallet(input: OrderInput): Promise<AdoptionReport> {
  const report = await activities.adoptWallet(input);
  tell(report, [...report.findings.map(({ words }) => words), report.waiting ?? 'Complete.']);
  return report;
}

/** Gives back what a payout has reserved. */
export async function releasePayout(input: OrderInput): Promise<RepairReport> {
  const report = await activities.releasePayout(input);
  tell(report, [report.words]);
  return report;
}

/** Books a payment made outside of the pool. */
export async function payElsewhere(input: OrderInput): Promise<RepairReport> {
  const report = await activities.payElsewhere(input);
  tell(report, [report.words]);
  return report;
}

/** Shows a repair's result in Temporal's UI. Who ordered it and why stands in the workflow's summary. */
export function tell({ applied }: { readonly applied: boolean }, lines: readonly string[]): void {
  const head = applied ? 'Done:' : 'Nothing was changed:';
  setCurrentDetails([head, ...lines.map((line) => `- ${line}`)].join('\n'));
}
