import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { AuditReport, createWalletActivities } from '../activities/wallet.js';
import { BULK_CALL } from './activity-options.js';
import type { AuditInput, Scoped } from './contract.js';

const { auditPool } = proxyActivities<Scoped<ReturnType<typeof createWalletActivities>>>(BULK_CALL);

/** Holds the ledger against its own invariants and the chain's nonce against the slots. */
export async function audit(input: AuditInput): Promise<AuditReport> {
  const report = await auditPool(input);
  setCurrentDetails(
    report.ok
      ? 'Everything adds up.'
      : report.findings.map((finding) => `- **${finding.code}** ${finding.message}`).join('\n'),
  );
  return report;
}
