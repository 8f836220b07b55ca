/**
 * The pause of the sync: while there is one, no pass begins on any source. Passes under way end as they would. What the
 * orchestrators do meanwhile is read afterwards.
 */
import { sql } from 'drizzle-orm';
import type { Reader } from '../../../db/database.js';
import { transact } from '../../../db/transact.js';
import { type Decision, recordDecision } from '../../../ledger/store/audit-log.js';
import { syncPause } from '../tables.js';

export type SyncPause = Readonly<Omit<typeof syncPause.$inferSelect, 'single'>>;

const PAUSE = {
  actor: syncPause.actor,
  reason: syncPause.reason,
  at: syncPause.at,
};

/** Reads who paused the sync, and why; undefined while it runs. */
export async function findSyncPause(db: Reader): Promise<SyncPause | undefined> {
  const [pause] = await db.select(PAUSE).from(syncPause);
  return pause;
}

/** Pauses the sync. Returns false when it was paused before. */
export async function pauseSync(db: Reader, decision: Decision): Promise<boolean> {
  return transact(db, async (tx) => {
    const { actor, reason } = decision;
    const paused = await tx
      .insert(syncPause)
      .values({ actor, reason })
      .onConflictDoNothing()
      .returning({ at: syncPause.at });
    if (paused.length === 0) return false;
    await recordDecision(tx, { actor, reason, action: 'sync.pause', subject: 'sync' });
    return true;
  });
}

/** Ends the pause. Returns false when there was none. */
export async function endSyncPause(db: Reader, { actor, reason }: Decision): Promise<boolean> {
  return transact(db, async (tx) => {
    const ended = await tx.delete(syncPause).where(sql`true`).returning(PAUSE);
    const [pause] = ended;
    if (pause === undefined) return false;
    const detail = { pausedBy: pause.actor, pausedBecause: pause.reason };
    await recordDecision(tx, { actor, reason, action: 'sync.resume', subject: 'sync', detail });
    return true;
  });
}
