/** Keeps which sources there are and what they read, by the configuration and by what a person decides about them. */
import { and, eq, inArray, isNotNull, isNull, ne, notInArray, sql } from 'drizzle-orm';
import { PoolError } from '../../../base/errors/pool-error.js';
import type { Database, Reader, Transaction } from '../../../db/database.js';
import { LOCKS } from '../../../db/locks.js';
import { rehearse, transact } from '../../../db/transact.js';
import { type Decision, recordDecision } from '../../../ledger/store/audit-log.js';
import { sourcesOfWorkers } from '../../../ledger/store/worker-processes.js';
import { isSamePlace, refuseSharedPlace } from '../../rules/source-place.js';
import { source } from '../tables.js';
import { forgetObjects } from './source-objects.js';
import { requireKnownSource } from './source-reads.js';

/** A configured source, with the place (endpoint or prefix) that its plugin says it reads. */
export interface RegisteredSource
  extends Readonly<
    Pick<typeof source.$inferSelect, 'id' | 'kind' | 'readsFrom' | 'region' | 'nodeType'>
  > {
  readonly from: Date | null;
  /** For a dump: the id of the source whose events it contains. */
  readonly of?: string | undefined;
}

/** This many jobs of a new source are compared with those of the others before it is no longer watched. */
const WATCHED_JOBS = 10_000;

/**
 * Brings the table in line with the configuration. Nothing is ever deleted: an id and the place that it reads stay
 * taken, because otherwise the same history could be counted again under another name.
 */
export async function registerSources(
  db: Database,
  sources: readonly RegisteredSource[],
): Promise<void> {
  // Sources are handled in the order in which a batch locks several of them.
  const inOrder = [...sources].sort((a, b) => (a.id < b.id ? -1 : 1));
  await transact(db, async (tx) => {
    await tx.execute(sql`SELECT pg_advisory_xact_lock(${LOCKS.sourceRegister})`);
    const known = await tx.select().from(source);
    const readers = new Map(known.map((row) => [row.readsFrom, row.id]));
    const places = new Map(known.map((row) => [row.id, row.readsFrom]));
    for (const configured of inOrder) {
      refuseConflict(configured, readers, places.get(configured.id));
      readers.set(configured.readsFrom, configured.id);
    }
    for (const configured of inOrder) refuseUnfitting(configured, [...inOrder, ...known]);
    for (const configured of inOrder) {
      await upsertSource(tx, configured);
      const before = known.find(({ id }) => id === configured.id);
      const isOther = (before?.ofSource ?? null) !== (configured.of ?? null);
      if (isOther || before?.fromDt?.getTime() !== configured.from?.getTime()) {
        await forgetObjects(tx, configured.id);
      }
    }
    await retireSources(
      tx,
      sources.map(({ id }) => id),
    );
  });
}

/**
 * Marks the sources that nobody reads as removed. A source is read when its id is among these, or when any running
 * worker of the pool has it: a worker with an older configuration must not remove a source that another one reads.
 */
export async function retireSources(reader: Reader, ids: readonly string[]): Promise<void> {
  const read = [...ids, ...(await sourcesOfWorkers(reader))];
  const isBack = and(isNotNull(source.removedAt), inArray(source.id, [...ids]));
  await reader.update(source).set({ removedAt: null }).where(isBack);
  const isUnread = read.length === 0 ? undefined : notInArray(source.id, read);
  await reader
    .update(source)
    .set({ removedAt: sql`now()` })
    .where(and(isNull(source.removedAt), isUnread));
}

function refuseConflict(
  configured: RegisteredSource,
  readers: ReadonlyMap<string, string>,
  readBefore: string | undefined,
): void {
  const { id, readsFrom } = configured;
  if (readBefore !== undefined && !isSamePlace(readBefore, readsFrom)) {
    const message = `source "${id}" has read ${readBefore} and is now to read ${readsFrom}: if that is the same orchestrator, openpool source move ${id} --to ${readsFrom}`;
    throw new PoolError('SOURCE_MOVED', message, { source: id });
  }
  // Sources that were registered before overlaps were refused keep their places, because neither could give its place
  // up.
  if (readBefore !== undefined) return;
  refuseSharedPlace(configured, readers);
}

type Origin = Pick<RegisteredSource, 'id' | 'region' | 'nodeType'> & {
  readonly of?: string | undefined;
  readonly ofSource?: string | null;
};

/** Throws SOURCE_OF_UNFITTING unless a dump is of a source that is or was configured, and that is no dump itself. */
function refuseUnfitting(dump: RegisteredSource, all: readonly Origin[]): void {
  const why = whyUnfitting(dump, all);
  if (why === undefined) return;
  const message = `source "${dump.id}" says of: ${dump.of}, and ${why}`;
  throw new PoolError('SOURCE_OF_UNFITTING', message, { source: dump.id });
}

function whyUnfitting(dump: RegisteredSource, all: readonly Origin[]): string | undefined {
  if (dump.of === undefined) return undefined;
  const whole = all.find(({ id }) => id === dump.of);
  if (whole === undefined) return 'there is no such source and never was';
  if (whole.id === dump.id) return 'that is itself';
  if ((whole.of ?? whole.ofSource ?? null) !== null) return 'that is a dump as well';
  if (whole.region === dump.region && whole.nodeType === dump.nodeType) return undefined;
  return `that is of ${whole.region} and ${whole.nodeType}: the dump must say the same`;
}

async function upsertSource(tx: Transaction, configured: RegisteredSource): Promise<void> {
  const { id, kind, readsFrom, region, nodeType, from, of: ofSource = null } = configured;
  // The place is updated as well, because its spelling may have changed.
  const settings = { kind, readsFrom, region, nodeType, fromDt: from, ofSource, removedAt: null };
  const isMoved = sql`${source.fromDt} IS DISTINCT FROM excluded.from_dt`;
  await tx
    .insert(source)
    .values({ id, ...settings })
    .onConflictDoUpdate({
      target: source.id,
      set: {
        ...settings,
        // When the beginning has changed, the next pass that knows the new one asks for everything from there on.
        deepPassAt: sql`CASE WHEN ${isMoved} THEN NULL ELSE ${source.deepPassAt} END`,
        deepFromDt: sql`CASE WHEN ${isMoved} THEN '1970-01-01Z'::timestamptz
                             ELSE ${source.deepFromDt} END`,
        // Events before the former beginning may be events that another source has given.
        watchLeft: sql`CASE WHEN ${isMoved} THEN GREATEST(${source.watchLeft}, ${WATCHED_JOBS})
                            ELSE ${source.watchLeft} END`,
      },
    });
}

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
  db: Reader,
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
