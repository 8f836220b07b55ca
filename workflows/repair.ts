/** Repairs that a person asks for: one activity each, so that the Temporal UI keeps who, why and what. */
import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { createWalletActivities } from '../activities/wallet.js';
import { REPAIR_CALL } from './activity-options.js';
import type {
  AdoptionInput,
  AdoptionReport,
  PaidElsewhereInput,
  ReleaseInput,
  RepairInput,
  RepairReport,
} from './contract.js';

const activities = proxyActivities<ReturnType<typeof createWalletActivities>>(REPAIR_CALL);

/** Books what the wallet's key did outside of this ledger. */
export async function adoptWallet(input: AdoptionInput): Promise<AdoptionReport> {
  const report = await activities.adoptWallet(input);
  tell(input, [...report.findings.map(({ words }) => words), report.waiting ?? 'Complete.']);
  return report;
}

/** Gives back what a payout has reserved. */
export async function releasePayout(input: ReleaseInput): Promise<RepairReport> {
  const report = await activities.releasePayout(input);
  tell(input, [report.words]);
  return report;
}

/** Books a payment made outside of the pool. */
export async function payElsewhere(input: PaidElsewhereInput): Promise<RepairReport> {
  const report = await activities.payElsewhere(input);
  tell(input, [report.words]);
  return report;
}

/** What the Temporal UI shows of a repair. */
export function tell({ actor, reason, dryRun }: RepairInput, lines: readonly string[]): void {
  const head = `${dryRun ? 'Dry run' : 'Done'} for **${actor}**: ${reason}`;
  setCurrentDetails([head, ...lines.map((line) => `- ${line}`)].join('\n'));
}
