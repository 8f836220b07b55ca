/** Objects of sources that a person should know of: not whole, or overwritten by others. */
import { and, desc, eq, isNotNull } from 'drizzle-orm';
import type { Reader } from './database.js';
import { sourceObject, sourceObjectChange } from './schema.js';

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
  query: { readonly sourceId: string; readonly limit: number },
): Promise<ObjectFindings> {
  const { sourceId, limit } = query;
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
