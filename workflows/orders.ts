/** The workflows of what people order. Temporal's UI keeps the reason, as the summary, and the result. */
import {
  BACKFILL_CALL,
  BULK_CALL,
  HISTORY_CALL,
  onLane,
  PERSON_WAITS,
  REPAIR_CALL,
  SYNC_CALL,
} from './activity-options.js';
import type { Activities } from './activity-types.js';
import type { OrderInput, PoolInput } from './contract.js';
import { findingLine, show } from './details.js';

const repairs = onLane<Activities>('orders', REPAIR_CALL);
const history = onLane<Activities>('long', HISTORY_CALL);
const { backfillSource } = onLane<Activities>('backfill', BACKFILL_CALL);
const { retrySetAside: retry } = onLane<Activities>('orders', SYNC_CALL);
const { reserveManual } = onLane<Activities>('orders', PERSON_WAITS);
const { reserveOrderedRound } = onLane<Activities>('orders', REPAIR_CALL);
const { startSagas } = onLane<Activities>('orders', BULK_CALL);

const MOST_SHOWN = 50;

/** Makes the workflow of an order that a single activity carries out. */
function carriedOutBy<Report extends { readonly applied: boolean; readonly words: string }>(
  activity: (input: OrderInput) => Promise<Report>,
) {
  return async (input: OrderInput): Promise<Report> => {
    const report = await activity(input);
    showOutcome(report, [report.words]);
    return report;
  };
}

function showOutcome({ applied }: { readonly applied: boolean }, lines: readonly string[]): void {
  show(applied ? 'Done:' : 'Nothing was changed:', lines);
}

/** Ends a payout and returns its reserved amount to the payee's pending fees. */
export const releasePayout = carriedOutBy(repairs.releasePayout);
/** Records that a payee was paid outside of the pool. */
export const payElsewhere = carriedOutBy(repairs.payElsewhere);
/** Credits unattributed jobs to a payee. */
export const assignJobs = carriedOutBy(repairs.assignJobs);
/** Keeps unattributed jobs for the pool. */
export const absorbJobs = carriedOutBy(repairs.absorbJobs);
/** Adds an amount to a payee's pending fees, or subtracts it. */
export const adjustPayee = carriedOutBy(repairs.adjustPayee);

/** Records transactions that the wallet's key made outside of this ledger. */
export async function adoptWallet(input: OrderInput) {
  const report = await repairs.adoptWallet(input);
  const found = report.findings.map(({ words }) => words);
  showOutcome(report, [...found, report.waiting ?? 'Complete.']);
  return report;
}

/** Makes one payout that a person ordered: reserves it at once, then starts a saga as for any other. */
export async function manualPayout(input: OrderInput) {
  show('Reserving the payout.');
  const result = await reserveManual(input);
  await startSagas({ poolId: input.poolId, payoutId: result.payoutId });
  show(`Reserved as payout ${result.payoutId}.`);
  return result;
}

/** Makes the round that a person looked at and confirmed, then starts its sagas as for any other. */
export async function orderedRound(input: OrderInput) {
  show('Reserving what was looked at.');
  const reserved = await reserveOrderedRound(input);
  const { payouts, roundId } = reserved;
  if (payouts > 0) await startSagas({ poolId: input.poolId, roundId });
  show(`${payouts} payouts reserved and started.`);
  return reserved;
}

/** Reads a source again from a given time on, while its sync goes on. */
export async function backfill(input: OrderInput) {
  show("Reading. The activity's heartbeat says how far it is.");
  const report = await backfillSource(input);
  const { events, fresh, duplicates, setAside } = report;
  const sums = `${fresh} fresh, ${duplicates} known before, ${setAside} set aside`;
  show(`Done. ${events} events, of which ${sums}.`);
  return report;
}

/** Reads events that were set aside once more, with the current program and configuration. */
export async function retrySetAside(input: OrderInput) {
  const report = await retry(input);
  const outcomes = Object.entries(report.outcomes);
  showOutcome(
    report,
    outcomes.map(([outcome, events]) => `${outcome}: ${events}`),
  );
  return report;
}

/** Recomputes every balance from the raw events and compares. It corrects differences only when the order says so. */
export async function rebuild(input: OrderInput) {
  const report = await history.rebuildBalances(input);
  const { events, findings, findingsTotal, ok } = report;
  const words = ok ? 'everything adds up.' : `${findingsTotal} things differ.`;
  show(`${events} events: ${words}`, findings.slice(0, MOST_SHOWN).map(findingLine));
  return report;
}

/** Reads an archived month back into the table. */
export async function restoreArchive(input: OrderInput) {
  const report = await history.restoreArchive(input);
  show(`The month is back: ${report.rows} events.`);
  return report;
}

/** Reads every file of the archive and compares it with the ledger's record of it. */
export async function verifyArchive(input: PoolInput) {
  const report = await history.verifyArchive(input);
  const { files, findings } = report;
  const head = `${files} files, ${findings.length} of them not as they should be.`;
  show(head, findings.slice(0, MOST_SHOWN).map(findingLine));
  return report;
}
