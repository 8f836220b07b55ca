/** Carries out what a person decides about a source: that it has moved, or that it is read again after a stop. */
import { and, eq, ne, sql } from 'drizzle-orm';
import { PoolError } from '../../../base/errors/pool-error.js';
import type { Database, Transaction } from '../../../db/database.js';
import { LOCKS } from '../../../db/locks.js';
import { rehearse, transact } from '../../../db/transact.js';
import { type Decision, recordDecision } from '../../../ledger/store/audit-log.js';
import { isSamePlace, refuseSharedPlace } from '../../rules/source-place.js';
import { source } from '../tables.js';
import { forgetObjects } from './source-objects.js';
import { requireKnownSource } from './source-reads.js';
import { WATCHED_JOBS } from './source-register.js';

export interface MoveOrder extends Decision {
  /** The new place, as the error names it with which the start was refused. */
  readonly to: string;
  /** Whether the new place may lack the earlier events, because the orchestrator has lost its history. */
  readonly accept: boolean;
  readonly dryRun: boolean;
}

export interface MovedSource {
  readonly from: string;
  readonly to: string;
  /** False when the source read that place already and nothing was changed. */
  readonly changed: boolean;
  /** The time of the newest event that counts. The new address has to know a job from before it. */
  readonly newestAt: Date | null;
  /** Whether the new address still has to show that it knows such a job. */
  readonly mustProve: boolean;
}

/** The first pass after a move asks for events from at least this long before the newest one. */
const OVERLAP = sql`interval '1 day'`;

/**
 * Moves a source to another address under the same id. The next pass asks again from well before the cursor. That
 * counts nothing twice, because an event is known by source, time and id. Until the new address shows a job that counts
 * already, nothing new from it counts. Throws SOURCE_UNKNOWN, SOURCE_READ_TWICE and REQUEST_INVALID.
 */
export async function moveSource(
  db: Database,
  sourceId: string,
  order: MoveOrder,
): Promise<MovedSource> {
  const move = (tx: Transaction) => moveIn(tx, sourceId, order);
  await requireKnownSource(db, sourceId);
  return order.dryRun ? rehearse(db, move) : transact(db, move);
}

async function moveIn(tx: Transaction, sourceId: string, order: MoveOrder): Promise<MovedSource> {
  const { to, accept } = order;
  await tx.execute(sql`SELECT pg_advisory_xact_lock(${LOCKS.sourceRegister})`);
  // All sources are locked, in the order in which batches lock them. So no batch from the old address is under way.
  const rows = await tx.select().from(source).orderBy(source.id).for('update');
  const own = rows.find(({ id }) => id === sourceId);
  if (own === undefined) throw new RangeError(`source "${sourceId}" has gone`);
  const isThere = isSamePlace(own.readsFrom, to);
  const mustProve = isThere ? own.moveUnproven && !accept : !accept && own.newestDt !== null;
  const moved = { from: own.readsFrom, to, newestAt: own.newestDt, mustProve };
  if (isThere && own.moveUnproven === mustProve) return { ...moved, changed: false };
  requireSameKind(own.readsFrom, to);
  await giveUpEmpty(tx, to, rows);
  const others = await tx.select().from(source).where(ne(source.id, sourceId));
  refuseSharedPlace(
    { id: sourceId, readsFrom: to },
    new Map(others.map(({ readsFrom, id }) => [readsFrom, id])),
  );
  await tx
    .update(source)
    .set({
      readsFrom: to,
      moveUnproven: mustProve,
      stoppedAt: null,
      stoppedWhy: null,
      watchLeft: sql`GREATEST(${source.watchLeft}, ${WATCHED_JOBS})`,
      deepPassAt: null,
      deepFromDt: sql`LEAST(${source.deepFromDt}, ${source.cursorDt} - ${OVERLAP}, ${source.newestDt} - ${OVERLAP})`,
    })
    .where(eq(source.id, sourceId));
  await forgetObjects(tx, sourceId);
  const detail = { from: own.readsFrom, to, accepted: String(accept) };
  await recordDecision(tx, { ...order, action: 'source.move', subject: sourceId, detail });
  return { ...moved, changed: true };
}

function requireSameKind(from: string, to: string): void {
  const kindOf = (place: string): string =>
    (/^([a-z0-9]+):/i.exec(place)?.[1] ?? '').replace(/^https$/, 'http');
  if (kindOf(to) !== '' && kindOf(to) === kindOf(from)) return;
  const words = `a source that reads ${from} cannot be moved to "${to}": give the place as the refused start names it`;
  throw new PoolError('REQUEST_INVALID', words);
}

/** Takes the place away from removed sources that never counted anything because their first batch stopped them. */
async function giveUpEmpty(
  tx: Transaction,
  place: string,
  rows: readonly (typeof source.$inferSelect)[],
): Promise<void> {
  for (const { id, readsFrom, removedAt, nextBatch } of rows) {
    if (removedAt === null || nextBatch > 1 || !isSamePlace(readsFrom, place)) continue;
    await tx
      .update(source)
      .set({ readsFrom: `given up by ${id}: ${readsFrom}` })
      .where(and(eq(source.id, id), eq(source.nextBatch, 1)));
  }
}

/**
 * Lets a stopped source be read again. It is still compared with the others: if it gives the same events again, its
 * next batch stops it, and nothing of that batch counts. Throws SOURCE_UNKNOWN and SOURCE_NOT_STOPPED.
 */
export async function resumeSource(
  db: Database,
  sourceId: string,
  decision: Decision,
): Promise<void> {
  await requireKnownSource(db, sourceId);
  await transact(db, async (tx) => {
    const [row] = await tx.select().from(source).where(eq(source.id, sourceId)).for('update');
    if (row === undefined || row.stoppedWhy === null) {
      const words = `source "${sourceId}" is not stopped`;
      throw new PoolError('SOURCE_NOT_STOPPED', words, { source: sourceId });
    }
    await tx
      .update(source)
      .set({ stoppedAt: null, stoppedWhy: null })
      .where(eq(source.id, sourceId));
    const detail = { stopped: row.stoppedWhy };
    await recordDecision(tx, { ...decision, action: 'source.resume', subject: sourceId, detail });
  });
}
