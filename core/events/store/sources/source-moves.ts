/** What a person decides about a source: that it is at another address now, that it is read again. */
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
import { WATCHED_JOBS } from './sources.js';

export interface MoveOrder extends Decision {
  /** The place, as the refused start names it. */
  readonly to: string;
  /** It need not know the events of before: the orchestrator's history is lost. */
  readonly accept: boolean;
  readonly dryRun: boolean;
}

export interface MovedSource {
  readonly from: string;
  readonly to: string;
  /** False: it was there before, and nothing was changed. */
  readonly changed: boolean;
  /** The newest event that counts: a job of before is what the new address has to know. */
  readonly newestAt: Date | null;
  /** Whether it has to. */
  readonly mustProve: boolean;
}

/** So far back it is asked at least, from its newest event on. */
const OVERLAP = sql`interval '1 day'`;

/**
 * Gives a source another address under its id. The next pass asks again from well before the cursor, which counts
 * nothing twice, because an event's identity is source, time and id; and until the new address shows a job that
 * counts already, nothing new of it does. Throws SOURCE_UNKNOWN, SOURCE_READ_TWICE and REQUEST_INVALID.
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
  // All of them, in a batch's order: none that knows the old address is under way.
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
      ...{ readsFrom: to, moveUnproven: mustProve, stoppedAt: null, stoppedWhy: null },
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

/** A removed source that never counted anything does not keep its place: it was stopped in its first batch. */
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
 * Lets a stopped source be read again. It is compared again as well: if it still gives the events of the other
 * one, its next batch stops it, and nothing of that counts. Throws SOURCE_UNKNOWN and SOURCE_NOT_STOPPED.
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
