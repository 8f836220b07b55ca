/** Objects of sources that a person should know of: not whole, or overwritten by others. */
import { and, desc, eq, isNotNull, sql } from 'drizzle-orm';
import type { Reader } from '../../../db/database.js';
import { query } from '../../../db/query.js';
import type { FileFigures } from '../../rules/file-figures.js';
import { sourceObject, sourceObjectChange } from '../tables.js';

/** It is read again now and then, and counts as far as it is whole. */
export interface IncompleteObject {
  readonly sourceId: string;
  readonly key: string;
  readonly version: string;
  readonly sizeBytes: number;
  readonly code: string | null;
  readonly message: string | null;
  readonly since: Date | null;
  readonly readAt: Date;
}

/** What stood there first may be lost: it was counted as far as it had been read. */
export interface ChangedObject {
  readonly id: number;
  readonly sourceId: string;
  readonly key: string;
  readonly oldVersion: string;
  readonly newVersion: string;
  readonly oldSizeBytes: number;
  readonly newSizeBytes: number;
  /** False: it was half written before, and was expected to change. */
  readonly wasWhole: boolean;
  readonly seenAt: Date;
}

export interface ObjectFindings {
  readonly incomplete: readonly IncompleteObject[];
  readonly changed: readonly ChangedObject[];
}

/** The newest of each, of one source. */
export async function listObjectFindings(
  db: Reader,
  which: { readonly sourceId: string; readonly limit: number },
): Promise<ObjectFindings> {
  const { sourceId, limit } = which;
  const [o, c] = [sourceObject, sourceObjectChange];
  const incomplete = await db
    .select({
      ...{ sourceId: o.sourceId, key: o.key, version: o.version, sizeBytes: o.sizeBytes },
      ...{ code: o.failureCode, message: o.failure, since: o.failedSince, readAt: o.readAt },
    })
    .from(o)
    .where(and(eq(o.sourceId, sourceId), isNotNull(o.dueAt), isNotNull(o.failureCode)))
    .orderBy(desc(o.readAt), desc(o.key))
    .limit(limit);
  const changed = await db
    .select()
    .from(c)
    .where(eq(c.sourceId, sourceId))
    .orderBy(desc(c.id))
    .limit(limit);
  return { incomplete, changed };
}

/** How many want a look, by source: half for an hour, overwritten within a week. */
export async function countObjects(
  db: Reader,
  now: Date,
): Promise<ReadonlyMap<string, FileFigures>> {
  const at = now.toISOString();
  const rows = await query<{ id: string; incomplete: string; overwritten: string }>(
    db,
    sql`SELECT s.id,
               (SELECT count(*) FROM source_object o
                 WHERE o.source_id = s.id AND o.due_at IS NOT NULL AND o.failure_code IS NOT NULL
                   AND o.failed_since < ${at}::timestamptz - interval '1 hour') AS incomplete,
               (SELECT count(*) FROM source_object_change c
                 WHERE c.source_id = s.id AND c.was_whole
                   AND c.seen_at > ${at}::timestamptz - interval '7 days') AS overwritten
          FROM source s WHERE s.objects_listed_at IS NOT NULL AND s.removed_at IS NULL`,
  );
  return new Map(
    rows.map(({ id, incomplete, overwritten }) => [
      id,
      { incomplete: Number(incomplete), overwritten: Number(overwritten) },
    ]),
  );
}
