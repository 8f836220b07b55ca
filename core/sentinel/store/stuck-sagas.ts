/** Stores the sagas whose code fails, and finds those that have not taken a step that was due. */
import { sql } from 'drizzle-orm';
import type { Database, Reader } from '../../db/database.js';
import { list, rows } from '../../db/query.js';
import { transact } from '../../db/transact.js';
import { stuckSaga } from '../../payouts/store/tables.js';

/** What a payout's id looks like. A workflow's id may be any text, because anybody who reaches Temporal can start one. */
const UUID = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';
/** A saga that has not taken a due step after this long is late: it usually takes a second or two. */
const LATE = '30 seconds';
/** A payout that has been open for this long counts as old: its saga sleeps, or cannot wake up. */
const OLD = '5 minutes';
/** At most this many stuck sagas are stored: after a bad deploy thousands may fail. */
const MOST_KEPT = 100;

/**
 * Picks, from the payouts whose sagas run, those whose sagas need a check. `ended`: the payout ended a while ago, or there
 * is none. `waiting`: it was reserved a while ago, and its saga has not begun with it. `old`: it has been open for long,
 * and its saga is asked about now and then.
 */
export async function lateSteps(reader: Reader, payoutIds: readonly string[]) {
  const found = await rows(
    reader,
    { id: String, step: String },
    sql`SELECT running.id,
               CASE WHEN payout.id IS NULL OR payout.closed_at IS NOT NULL THEN 'ended'
                    WHEN payout.state = 'reserved' AND payout.wait_code IS NULL AND payout.held_at IS NULL
                    THEN 'waiting' ELSE 'old' END AS step
          FROM unnest(${list(payoutIds)}::text[]) AS running (id)
          -- The cast makes this a look-up by the key: years of payouts are not scanned every minute.
          LEFT JOIN payout ON payout.id = CASE WHEN running.id ~ ${UUID} THEN running.id::uuid END
         WHERE payout.id IS NULL
            OR payout.closed_at < now() - ${LATE}::interval
            OR (payout.state = 'reserved' AND payout.wait_code IS NULL AND payout.held_at IS NULL
                AND payout.created_at < now() - ${LATE}::interval)
            OR (payout.closed_at IS NULL AND payout.created_at < now() - ${OLD}::interval)`,
  );
  const idsOf = (step: string) => found.flatMap((row) => (row.step === step ? [row.id] : []));
  return { ended: idsOf('ended'), waiting: idsOf('waiting'), old: idsOf('old') };
}

/** Returns the workflow ids of the sagas that were stuck when they were last checked. */
export async function keptStuckSagas(reader: Reader): Promise<readonly string[]> {
  const { workflowId } = stuckSaga;
  const kept = await reader.select({ workflowId }).from(stuckSaga);
  return kept.map((saga) => saga.workflowId);
}

/** Records the stuck sagas of one sweep. One ends when it was checked without a finding, or no longer runs. */
export async function recordStuckSagas(
  db: Database,
  stuck: readonly { readonly workflowId: string; readonly failure: string }[],
  sagas: { readonly checked: readonly string[]; readonly running: readonly string[] },
): Promise<void> {
  const { checked, running } = sagas;
  const kept = stuck.slice(0, MOST_KEPT);
  const ids = kept.map(({ workflowId }) => workflowId);
  await transact(db, async (tx) => {
    await tx.execute(sql`
      DELETE FROM stuck_saga
       WHERE workflow_id <> ALL(${list(ids)}::text[])
         AND (workflow_id = ANY(${list(checked)}::text[]) OR workflow_id <> ALL(${list(running)}::text[]))`);
    await tx.execute(sql`
      INSERT INTO stuck_saga AS s (workflow_id, failure)
      SELECT * FROM unnest(${list(ids)}::text[],
                           ${list(kept.map(({ failure }) => failure))}::text[])
      ON CONFLICT (workflow_id) DO UPDATE
         SET failure = excluded.failure, times = s.times + 1, last_seen_at = now()`);
  });
}
