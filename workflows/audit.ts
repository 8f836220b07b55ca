import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { AuditReport, createWalletActivities } from '../activities/wallet.js';
import { BULK_CALL, HISTORY_CALL, onLane } from './activity-options.js';
import type { AuditInput, Scoped } from './contract.js';

type Activities = Scoped<ReturnType<typeof createWalletActivities>>;

const inTurn = proxyActivities<Activities>(BULK_CALL);
/** With years of history: it ends when it ends. */
const whole = onLane<Activities>('long', HISTORY_CALL);

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
