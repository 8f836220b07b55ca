/** Sources: what reads where, how far each pass came, and how the last one ended. */
import { and, eq, inArray, isNotNull, isNull, notInArray, sql } from 'drizzle-orm';
import { PoolError } from '../../../base/errors/pool-error.js';
import { foreignText } from '../../../base/foreign-text.js';
import type { NodeType } from '../../../base/remote-worker.js';
import type { Database, Reader, Transaction } from '../../../db/database.js';
import { LOCKS } from '../../../db/locks.js';
import { transact } from '../../../db/transact.js';
import { sourcesOfWorkers } from '../../../ledger/store/worker-processes.js';
import { isSamePlace, refuseSharedPlace } from '../../rules/source-place.js';
import { arrivalHour, source } from '../tables.js';
import { forgetObjects } from './source-objects.js';

/** A configured source, and the endpoint or prefix that its plugin says it reads. */
export interface RegisteredSource {
  readonly id: string;
  readonly kind: string;
  readonly readsFrom: string;
  readonly region: string | null;
  readonly nodeType: NodeType | null;
  readonly from: Date | null;
  /** A dump: the source whose events it brings. */
  readonly of?: string | undefined;
}

/** So many jobs of a source are compared with those of the others before it passes for an old one. */
export const WATCHED_JOBS = 10_000;

/**
 * Brings the table in line with the configuration. Nothing is ever deleted: an id and what it reads
 * stay taken, so that history cannot be counted again under another name.
 */
export async function registerSources(
  db: Database,
  sources: readonly RegisteredSource[],
): Promise<void> {
  // In the order in which a batch locks several of them.
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
 * Marks the sources that nobody reads any more: neither these, which are read, nor any that a running worker of
 * the pool has. A worker with an older file does not take a source from the one that reads it.
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
  // What was taken before overlaps were refused stays as it is: neither could be given up.
  if (readBefore !== undefined) return;
  refuseSharedPlace(configured, readers);
}

type Origin = Pick<RegisteredSource, 'id' | 'region' | 'nodeType'> & {
  readonly of?: string | undefined;
  readonly ofSource?: string | null;
};

/** A dump brings events of one source, which is configured or was, and is no dump of another itself. */
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
  // The place too: it may be written in another spelling now.
  const settings = { kind, readsFrom, region, nodeType, fromDt: from, ofSource, removedAt: null };
  const isMoved = sql`${source.fromDt} IS DISTINCT FROM excluded.from_dt`;
  await tx
    .insert(source)
    .values({ id, ...settings })
    .onConflictDoUpdate({
      target: source.id,
      set: {
        ...settings,
        // Another beginning: the next pass that knows of it asks for everything from there on.
        deepPassAt: sql`CASE WHEN ${isMoved} THEN NULL ELSE ${source.deepPassAt} END`,
        deepFromDt: sql`CASE WHEN ${isMoved} THEN '1970-01-01Z'::timestamptz
                             ELSE ${source.deepFromDt} END`,
        // What lies before the old one may be what another source has given.
        watchLeft: sql`CASE WHEN ${isMoved} THEN GREATEST(${source.watchLeft}, ${WATCHED_JOBS})
                            ELSE ${source.watchLeft} END`,
      },
    });
}

/** How far a source was read. */
export interface SourceProgress {
  readonly cursorDt: Date | null;
  readonly deepFromDt: Date | null;
  readonly deepPassAt: Date | null;
  /** Events before this are in files: asking for them again is of no use. */
  readonly archivedTo: Date | null;
  readonly readsFrom: string;
  /** It gives what another source has given, and is not to be read; in words. */
  readonly stoppedWhy: string | null;
}

/** Throws SOURCE_UNKNOWN when nobody registered it. */
export async function readProgress(db: Database, sourceId: string): Promise<SourceProgress> {
  const [row] = await db
    .select({
      cursorDt: source.cursorDt,
      deepFromDt: source.deepFromDt,
      deepPassAt: source.deepPassAt,
      archivedTo: source.archivedTo,
      readsFrom: source.readsFrom,
      stoppedWhy: source.stoppedWhy,
    })
    .from(source)
    .where(eq(source.id, sourceId));
  if (row === undefined) {
    throw new PoolError('SOURCE_UNKNOWN', `source "${sourceId}" is not registered`);
  }
  return row;
}

/**
 * Notes, before anything is read, from where on this pass would cover everything: should it die
 * after it moved the cursor, a later deep pass starts there.
 */
export async function beginPass(
  db: Database,
  pass: {
    readonly sourceId: string;
    /** The source's beginning that this pass knows: a worker that is to be restarted has an older one. */
    readonly from: Date | null;
    readonly coversFrom: Date;
    readonly isDeep: boolean;
    readonly startedAt: Date;
  },
): Promise<void> {
  const startedAt = pass.startedAt.toISOString();
  const isOwn = sql`${source.fromDt} IS NOT DISTINCT FROM ${pass.from?.toISOString() ?? null}::timestamptz`;
  await db
    .update(source)
    .set({
      lastPassAt: pass.startedAt,
      deepFromDt: sql`LEAST(${source.deepFromDt}, ${pass.coversFrom.toISOString()}::timestamptz)`,
      ...(pass.isDeep && {
        deepPassAt: sql`CASE WHEN ${isOwn} THEN ${startedAt}::timestamptz ELSE ${source.deepPassAt} END`,
      }),
    })
    .where(eq(source.id, pass.sourceId));
}

/** A pass that read to the end: nothing from its start on is uncovered any more. */
export async function completePass(
  db: Database,
  pass: {
    readonly sourceId: string;
    readonly coversFrom: Date;
    readonly cursor: Date | null;
    readonly startedAt: Date;
    readonly endedAt: Date;
  },
): Promise<Date | null> {
  const coversFrom = pass.coversFrom.toISOString();
  const cursor = pass.cursor?.toISOString() ?? null;
  const [row] = await db
    .update(source)
    .set({
      lastSuccessAt: pass.endedAt,
      lastErrorCode: null,
      lastError: null,
      // Never past the present, not even where another process's clock had put it. LEAST passes over
      // NULL, and nothing seen yet must stay nothing.
      cursorDt: sql`CASE WHEN coalesce(${source.cursorDt}, ${cursor}::timestamptz) IS NOT NULL
        THEN LEAST(GREATEST(${source.cursorDt}, ${cursor}::timestamptz),
                   ${pass.startedAt.toISOString()}::timestamptz) END`,
      // What lies before the source's beginning need not be covered: the beginning as it is now.
      deepFromDt: sql`CASE WHEN GREATEST(${source.deepFromDt}, ${source.fromDt}) >= ${coversFrom}::timestamptz
                           THEN NULL ELSE ${source.deepFromDt} END`,
    })
    .where(eq(source.id, pass.sourceId))
    .returning({ cursorDt: source.cursorDt });
  return row?.cursorDt ?? null;
}

/** Keeps how far the newest of what a pass brought was from our clock, by the hour. */
export async function recordArrival(
  db: Database,
  arrival: {
    readonly sourceId: string;
    readonly at: Date;
    /** Null: the pass did not follow the present. */
    readonly behindMs: number | null;
    readonly aheadMs: number;
  },
): Promise<void> {
  const { sourceId, at, behindMs, aheadMs } = arrival;
  await db
    .insert(arrivalHour)
    .values({
      ...{ sourceId, hour: sql`date_trunc('hour', ${at.toISOString()}::timestamptz, 'UTC')` },
      ...{ passes: 1, leastBehindMs: behindMs, mostAheadMs: aheadMs },
    })
    .onConflictDoUpdate({
      target: [arrivalHour.sourceId, arrivalHour.hour],
      set: {
        passes: sql`${arrivalHour.passes} + 1`,
        leastBehindMs: sql`LEAST(${arrivalHour.leastBehindMs}, excluded.least_behind_ms)`,
        mostAheadMs: sql`GREATEST(${arrivalHour.mostAheadMs}, excluded.most_ahead_ms)`,
      },
    });
}

/** Keeps why a pass failed, until one succeeds. */
export async function recordFailure(
  db: Database,
  sourceId: string,
  failure: { readonly code: string; readonly message: string },
): Promise<void> {
  const lastError = foreignText(failure.message, 1_000);
  await db
    .update(source)
    .set({ lastErrorCode: failure.code, lastError })
    .where(eq(source.id, sourceId));
}
