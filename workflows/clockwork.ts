/** The scheduled workflows: syncs, rounds, checks of ledger and chain, the sentinel, the sweep, the archive. */
import { proxyActivities, setCurrentDetails, uuid4, workflowInfo } from '@temporalio/workflow';
import { BULK_CALL, HISTORY_CALL, LOOK_CALL, onLane, SYNC_CALL } from './activity-options.js';
import type { Activities } from './activity-types.js';
import type { AuditInput, PoolInput, ReconciliationInput, SyncInput } from './contract.js';
import { findingLine, show } from './details.js';

const inTurn = proxyActivities<Activities>(BULK_CALL);
/** Activities on the `long` lane, which may go through years of history. */
const whole = onLane<Activities>('long', HISTORY_CALL);
const { syncSource } = onLane<Activities>('sync', SYNC_CALL);
const { lookAtSources, judgeWorkers } = proxyActivities<Activities>(LOOK_CALL);

/** Reads one source from its cursor to its end: fetches new events, stores them raw, and credits them. */
export async function sync(input: SyncInput) {
  show(`Reading the new pool events of source **${input.sourceId}**.`);
  const report = await syncSource(input);
  if (report.paused !== undefined) show(`Not read: the sync is paused. ${report.paused}`);
  return report;
}

/** Reserves a payout for every payee that is due, then starts a saga for each. */
export async function payoutRound({ poolId }: PoolInput) {
  const roundId = uuid4();
  show('Reserving payouts for the payees that are due.');
  const { workflowId } = workflowInfo();
  const reserved = await inTurn.reserveRound({ poolId, roundId, workflowId });
  const { payouts, leftOut } = reserved;
  show(`Reserved ${payouts} payouts; starting their sagas.`);
  if (payouts > 0) await inTurn.startSagas({ poolId, roundId });
  show(
    `${payouts} payouts reserved and started.`,
    leftOut.map(({ payee, words }) => `left out: ${payee}: ${words}`),
  );
  return { roundId, ...reserved };
}

/** Checks the ledger's invariants, and compares the chain's nonce with the nonces that the ledger has handed out. */
export async function audit(input: AuditInput) {
  const report = await (input.withEvents ? whole : inTurn).auditPool(input);
  const { ok, findings } = report;
  show(
    ok ? 'Everything adds up.' : `${findings.length} things do not fit.`,
    findings.map(findingLine),
  );
  return report;
}

/** Checks recently paid transfers again, as long as a deep reorg could still undo them. */
export async function recheck(input: PoolInput) {
  const report = await inTurn.recheckSettled(input);
  const { final, moved, reopened } = report;
  show(`${final} became final, ${moved} moved, ${reopened} were re-opened.`);
  return report;
}

/** Compares chain and ledger in both directions, exact to the wei. */
export async function reconcile(input: ReconciliationInput) {
  const report = await whole.reconcileWallet(input);
  const { fromBlock, toBlock, findings, ok } = report;
  const words = ok ? 'everything adds up.' : `${findings.length} things do not fit.`;
  show(`Blocks ${fromBlock} to ${toBlock}: ${words}`, findings.map(findingLine));
  return report;
}

/** Lets the sentinel look once. It records what looks wrong and stops nothing. */
export async function sentinel(input: PoolInput) {
  const report = await lookAtSources(input);
  const { sources, open, findings } = report;
  const words = open === 0 ? 'Nothing wants a look.' : `${open} findings want a look:`;
  show(
    `${sources} sources. ${words}`,
    findings.map(({ code, sourceId, words }) => `**${code}** ${sourceId}: ${words}`),
  );
  return report;
}

/** Judges the remote workers once, by how their jobs went, and tells those whose state changes. */
export async function guard(input: PoolInput) {
  const report = await judgeWorkers(input);
  const { mode, judged, changes } = report;
  show(
    mode === 'off' ? 'The guard is off.' : `${judged} judged, ${changes.length} changed.`,
    changes.map(
      ({ payee, of, before, state, reason }) =>
        `**${before} → ${state}** ${payee} ${of}: ${reason}`,
    ),
  );
  return report;
}

/**
 * Asks the pool's policy about everybody, and keeps what it says as dated rows; nothing else ever calls a policy. The same
 * activity books the bonuses of closed days.
 */
export async function policies({ poolId }: PoolInput) {
  show('Asking the policy about payees and remote workers.');
  const report = await inTurn.askPolicies({ poolId });
  const { payees, workers, rates, rules, admissions, looks, bonuses, failures } = report;
  show(
    `Asked about ${payees} payees and ${workers} remote workers; rows written: ${rates} of rates, ${rules} of payout rules, ${admissions} of admissions, ${looks} of looks. Bonuses booked: ${bonuses}.`,
    failures.map(({ about, policy, wrong }) => `**POLICY_FAILED** ${policy}, ${about}: ${wrong}`),
  );
  return report;
}

/** Asks the chain what the pool's tickets brought, and closes the periods in which a pool shares it. */
export async function revenue({ poolId }: PoolInput) {
  show('Asking the chain what tickets brought.');
  const report = await inTurn.lookAtRevenue({ poolId });
  const { told, settled, open, trouble, periodsClosed, waits } = report;
  show(
    `${told} new redemptions told, ${settled} settled, ${open} open; ${periodsClosed} periods shared.`,
    [trouble, waits].filter((words) => words !== null),
  );
  return report;
}

/** Compares the ledger with the manager that this pool runs beside, and keeps what differs for each payee. */
export async function shadow(input: PoolInput) {
  show('Comparing with the other manager.');
  const report = await whole.compareShadow(input);
  const { failure, payees, unexplained } = report;
  show(failure ?? `${payees} payees; unexplained: ${unexplained}.`);
  return report;
}

/**
 * Starts a saga for every open payout that has none: its saga was terminated, Temporal lost its data, or a crash came
 * between the reservation and the start. A saga whose payout has ended is told so; a saga whose code keeps failing is
 * terminated and started again.
 */
export async function sweep({ poolId }: PoolInput) {
  show('Comparing the open payouts with the sagas that run.');
  const report = await inTurn.sweepSagas({ poolId });
  const { started, told, stuck } = report;
  show(
    `${started} sagas started, ${told} told, ${stuck.length} stuck.`,
    stuck.map(({ workflowId, failure }) => `**SAGA_STUCK** ${workflowId}: ${failure}`),
  );
  return report;
}

/** Writes months that are old enough to files and removes them from the table. */
export async function archiveEvents(input: PoolInput) {
  const report = await whole.archiveEvents(input);
  const { archived, compactedPostings, waiting } = report;
  const lines = archived.map(({ month, file, rows }) => `${month}: ${rows} events in ${file}`);
  if (compactedPostings > 0) {
    lines.push(`${compactedPostings} postings of long ago were put together with others`);
  }
  if (waiting !== null) lines.push(waiting);
  setCurrentDetails(lines.join('\n') || 'Nothing is old enough.');
  return report;
}
