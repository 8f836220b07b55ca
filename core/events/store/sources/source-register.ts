/** Brings the table of sources in line with the configuration. */
import { and, inArray, isNotNull, isNull, notInArray, sql } from 'drizzle-orm';
import { PoolError } from '../../../base/errors/pool-error.js';
import type { NodeType } from '../../../base/remote-worker.js';
import type { Database, Reader, Transaction } from '../../../db/database.js';
import { LOCKS } from '../../../db/locks.js';
import { transact } from '../../../db/transact.js';
import { sourcesOfWorkers } from '../../../ledger/store/worker-processes.js';
import { isSamePlace, refuseSharedPlace } from '../../rules/source-place.js';
import { source } from '../tables.js';
import { forgetObjects } from './source-objects.js';

/** A configured source, with the place (endpoint or prefix) that its plugin says it reads. */
export interface RegisteredSource {
  readonly id: string;
  readonly kind: string;
  readonly readsFrom: string;
  readonly region: string | null;
  readonly nodeType: NodeType | null;
  readonly from: Date | null;
  /** For a dump: the id of the source whose events it contains. */
  readonly of?: string | undefined;
}

/** This many jobs of a new source are compared with those of the others before it is no longer watched. */
export const WATCHED_JOBS = 10_000;

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
