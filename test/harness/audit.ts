import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createCheckActivities } from '../../activities/checks.js';
import type { AuditReport } from '../../core/checks/rules/check-reports.js';
import type { MoneyDeps } from '../../core/payouts/wallet/money-deps.js';

/** Runs the audit as an activity, with its heartbeats. */
export function runAudit(
  deps: MoneyDeps,
  input: { readonly withEvents: boolean },
): Promise<AuditReport> {
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
  return environment.run(createCheckActivities(deps).auditPool, input);
}
