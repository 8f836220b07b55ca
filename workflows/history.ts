/**
 * The workflows on the whole history. Each calls one activity; Temporal's UI keeps the reason and the result.
 */
import { setCurrentDetails } from '@temporalio/workflow';
import type {
  ArchiveReport,
  RebuildReport,
  RestoreReport,
  VerifyReport,
} from '../core/history/rules/reports.js';
import { HISTORY_CALL, onLane } from './activity-options.js';
import type { Activities } from './activity-types.js';
import type { OrderInput, PoolInput } from './contract.js';

const activities = onLane<Activities>('long', HISTORY_CALL);
const MOST_SHOWN = 50;

/** Recomputes every balance from the raw events and compares. It corrects differences only when the order says so. */
export async function rebuild(input: OrderInput): Promise<RebuildReport> {
  const report = await activities.rebuildBalances(input);
  const { events, findings, findingsTotal, ok } = report;
  const words = ok ? 'everything adds up.' : `${findingsTotal} things differ.`;
  tell(`${events} events: ${words}`, findings);
  return report;
}

/** Writes months that are old enough to files and removes them from the table. */
export async function archiveEvents(input: PoolInput): Promise<ArchiveReport> {
  const report = await activities.archiveEvents(input);
  const lines = report.archived.map(
    ({ month, file, rows }) => `${month}: ${rows} events in ${file}`,
  );
  const compacted =
    report.compactedPostings === 0
      ? []
      : [`${report.compactedPostings} postings of long ago were put together with others`];
  const waiting = report.waiting === null ? [] : [report.waiting];
  setCurrentDetails([...lines, ...compacted, ...waiting].join('\n') || 'Nothing is old enough.');
  return report;
}

/** Reads every file of the archive and compares it with the ledger's record of it. */
export async function verifyArchive(input: PoolInput): Promise<VerifyReport> {
  const report = await activities.verifyArchive(input);
  tell(
    `${report.files} files, ${report.findings.length} of them not as they should be.`,
    report.findings,
  );
  return report;
}

/** Reads an archived month back into the table. */
export async function restoreArchive(input: OrderInput): Promise<RestoreReport> {
  const report = await activities.restoreArchive(input);
  tell(`The month is back: ${report.rows} events.`, []);
  return report;
}

function tell(
  head: string,
  findings: readonly { readonly code: string; readonly message: string }[],
): void {
  const lines = findings
    .slice(0, MOST_SHOWN)
    .map(({ code, message }) => `- **${code}** ${message}`);
  setCurrentDetails([head, ...lines].join('\n'));
}
