/** Objects of sources that a person should know of: those not whole, and those overwritten by others. */
import { and, desc, eq, gt, isNotNull, isNull, lt } from 'drizzle-orm';
import type { Reader } from '../../../db/database.js';
import { source, sourceObject, sourceObjectChange } from '../tables.js';

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/** An object that was not whole when it was read. It counts as far as it is whole, and is read again now and then. */
export const isIncomplete = and(isNotNull(sourceObject.dueAt), isNotNull(sourceObject.failureCode));

/** The newest objects of one source that are not whole, and the newest changes of objects. */
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

/** How many objects want a look, by source: those not whole for over an hour, and those overwritten this week. */
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
