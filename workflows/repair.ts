/** Repairs that a person ordered: one activity each, so that the Temporal UI keeps what came of it. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { createWalletActivities } from '../activities/wallet.js';
import type { AdoptionReport, RepairReport } from '../core/checks/rules/check-reports.js';
import { onLane, REPAIR_CALL } from './activity-options.js';
import type { OrderInput, Scoped } from './contract.js';

const activities = onLane<Scoped<ReturnType<typeof createWalletActivities>>>('orders', REPAIR_CALL);

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

/** What the Temporal UI shows of a repair; who ordered it and why is its summary. */
export function tell({ applied }: { readonly applied: boolean }, lines: readonly string[]): void {
  const head = applied ? 'Done:' : 'Nothing was changed:';
  setCurrentDetails([head, ...lines.map((line) => `- ${line}`)].join('\n'));
}
