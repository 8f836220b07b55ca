/**
 * Lists and counts the objects of sources that a person should know of: incomplete ones, and those overwritten by
 * others.
 */
import { and, desc, eq, gt, isNotNull, isNull, lt } from 'drizzle-orm';
import type { Reader } from '../../../db/database.js';
import { source, sourceObject, sourceObjectChange } from '../tables.js';

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/**
 * Matches an object that was incomplete when it was read. Its complete events count, and it is read again from time to
 * time.
 */
export const isIncomplete = and(isNotNull(sourceObject.dueAt), isNotNull(sourceObject.failureCode));

/** Lists the newest incomplete objects of one source, and the newest changes of its objects. */
export async function listObjectFindings(
  db: Reader,
  { sourceId, limit }: { readonly sourceId: string; readonly limit: number },
) {
  const incomplete = await db
    .select({
      sourceId: sourceObject.sourceId,
      key: sourceObject.key,
      version: sourceObject.version,
      sizeBytes: sourceObject.sizeBytes,
      code: sourceObject.failureCode,
      message: sourceObject.failure,
      since: sourceObject.failedSince,
      readAt: sourceObject.readAt,
    })
    .from(sourceObject)
    .where(and(eq(sourceObject.sourceId, sourceId), isIncomplete))
    .orderBy(desc(sourceObject.readAt), desc(sourceObject.key))
    .limit(limit);
  const changed = await db
    .select()
    .from(sourceObjectChange)
    .where(eq(sourceObjectChange.sourceId, sourceId))
    .orderBy(desc(sourceObjectChange.id))
    .limit(limit);
  return { incomplete, changed };
}

export type ObjectFindings = Awaited<ReturnType<typeof listObjectFindings>>;

/**
 * Counts the objects that need attention, by source: those incomplete for over an hour, and those overwritten this
 * week.
 */
export async function countObjects(db: Reader, now: Date) {
  const since = (agoMs: number): Date => new Date(now.getTime() - agoMs);
  const rows = await db
    .select({
      id: source.id,
      incomplete: db.$count(
        sourceObject,
        and(
          eq(sourceObject.sourceId, source.id),
          isIncomplete,
          lt(sourceObject.failedSince, since(HOUR_MS)),
        ),
      ),
      overwritten: db.$count(
        sourceObjectChange,
        and(
          eq(sourceObjectChange.sourceId, source.id),
          sourceObjectChange.wasWhole,
          gt(sourceObjectChange.seenAt, since(WEEK_MS)),
        ),
      ),
    })
    .from(source)
    .where(and(isNotNull(source.objectsListedAt), isNull(source.removedAt)));
  return new Map(rows.map(({ id, ...counts }) => [id, counts]));
}
