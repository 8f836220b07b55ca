/** Stores which objects of a source were read to their end, and which are incomplete or were overwritten since. */
import { and, type Column, desc, eq, gt, isNotNull, isNull, lt, sql } from 'drizzle-orm';
import { foreignText } from '../../../base/foreign-text.js';
import type { Database, Reader, Transaction } from '../../../db/database.js';
import type { ListedObject, ObjectMemory } from '../../sources/event-source.js';
import { source, sourceObject, sourceObjectChange } from '../tables.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;

/** An object that was read, as far as it is complete. */
export interface ReadObject extends ListedObject {
  /** Why the object is incomplete; null when it was read to its end. */
  readonly failure: { readonly code: string; readonly message: string } | null;
}

/** A quick listing goes back this many keys from the last known one. A late file that sorts even earlier takes a day. */
const LOOK_BACK_KEYS = 1_000;
/** The highest character. A text that ends with it sorts after all other texts with the same beginning. */
const LAST_CHARACTER = '\u{10FFFF}';

/** Returns the objects that are new, have changed, or are due to be tried again. */
export async function listUnread<T extends ListedObject>(
  db: Database,
  query: { readonly sourceId: string; readonly objects: readonly T[]; readonly now: Date },
): Promise<readonly T[]> {
  const { sourceId, objects, now } = query;
  if (objects.length === 0) return [];
  const { rows } = await db.$client.query<{ i: string }>(
    `SELECT k.i FROM unnest($2::text[], $3::text[], $4::bigint[])
        WITH ORDINALITY AS k(key, version, size_bytes, i)
      LEFT JOIN LATERAL (SELECT * FROM source_object o
        WHERE o.source_id = $1 AND o.key = k.key COLLATE "C" OFFSET 0) o ON true
     WHERE o.key IS NULL OR o.due_at <= $5
        OR (o.version, o.size_bytes) IS DISTINCT FROM (k.version, k.size_bytes)
     ORDER BY k.i`,
    [
      sourceId,
      objects.map(({ key }) => key),
      objects.map(({ version }) => version),
      objects.map(({ sizeBytes }) => sizeBytes),
      now,
    ],
  );
  return rows.flatMap(({ i }) => objects[Number(i) - 1] ?? []);
}

/** Tells whether all objects are to be listed: once a day, and then in each pass until one has succeeded. */
export async function isListingDue(db: Database, sourceId: string, now: Date): Promise<boolean> {
  const { objectsListedAt } = source;
  const [row] = await db.select({ objectsListedAt }).from(source).where(eq(source.id, sourceId));
  const listedAt = row?.objectsListedAt ?? null;
  return listedAt === null || now.getTime() - listedAt.getTime() >= DAY_MS;
}

export async function recordListing(db: Database, sourceId: string, at: Date): Promise<void> {
  await db.update(source).set({ objectsListedAt: at }).where(eq(source.id, sourceId));
}

/**
 * Returns the key up to which a quick listing of a folder (the prefix) skips objects: LOOK_BACK_KEYS before the last
 * known one, and before every one that is due. Null when nothing is skipped.
 */
export async function findQuickStart(
  db: Database,
  query: { readonly sourceId: string; readonly prefix: string; readonly now: Date },
): Promise<string | null> {
  const { sourceId, prefix, now } = query;
  const { rows } = await db.$client.query<{ key: string | null }>(
    `WITH back AS (
        SELECT key FROM source_object WHERE source_id = $1 AND key >= $2 AND key < $3
         ORDER BY key DESC OFFSET $5 LIMIT 1),
      due AS (
        SELECT key FROM source_object WHERE source_id = $1 AND key >= $2 AND key < $3
           AND due_at IS NOT NULL AND due_at <= $4 ORDER BY key LIMIT 1)
     SELECT CASE WHEN (SELECT key FROM due) <= back.key
              THEN (SELECT max(key) FROM source_object
                     WHERE source_id = $1 AND key >= $2 AND key < (SELECT key FROM due))
              ELSE back.key END AS key
       FROM back`,
    [sourceId, prefix, `${prefix}${LAST_CHARACTER}`, now, LOOK_BACK_KEYS],
  );
  const key = rows[0]?.key ?? null;
  // A key inside a subfolder is not used: subfolders before it may be new.
  return key === null || key.slice(prefix.length).includes('/') ? null : key;
}

/**
 * Records that objects were read; their events are committed. One that has changed unexpectedly leaves a row that says
 * so. An incomplete one is due again at once, and then less and less often, down to once a day.
 */
export async function recordObjects(
  db: Database,
  sourceId: string,
  { objects, now }: { readonly objects: readonly ReadObject[]; readonly now: Date },
): Promise<void> {
  const rows = [...new Map(objects.map((object) => [object.key, object])).values()];
  await db.$client.query(
    `WITH given AS (
        SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[],
          $8::boolean[]) AS k(key, version, size_bytes, failure_code, failure, may_change)),
      known AS (
        SELECT o.* FROM source_object o JOIN given g ON o.key = g.key COLLATE "C"
         WHERE o.source_id = $1),
      changed AS (
        INSERT INTO source_object_change (source_id, key, old_version, new_version,
          old_size_bytes, new_size_bytes, was_whole, seen_at)
        SELECT $1, g.key, o.version, g.version, o.size_bytes, g.size_bytes,
               o.failure_code IS NULL, $7
          FROM given g JOIN known o ON o.key = g.key COLLATE "C"
         WHERE (o.version, o.size_bytes) IS DISTINCT FROM (g.version, g.size_bytes)
           AND NOT g.may_change)
     INSERT INTO source_object AS o (source_id, key, version, size_bytes, failure_code, failure,
       failed_since, due_at, read_at)
     SELECT $1, g.key, g.version, g.size_bytes, g.failure_code, g.failure,
            CASE WHEN g.failure_code IS NOT NULL THEN $7::timestamptz END,
            CASE WHEN g.failure_code IS NOT NULL THEN $7::timestamptz END, $7
       FROM given g ORDER BY g.key COLLATE "C"
     ON CONFLICT (source_id, key) DO UPDATE SET version = excluded.version,
       size_bytes = excluded.size_bytes, failure_code = excluded.failure_code,
       failure = excluded.failure, read_at = excluded.read_at,
       failed_since = CASE WHEN excluded.failure_code IS NULL OR o.version <> excluded.version
         THEN excluded.failed_since ELSE coalesce(o.failed_since, excluded.failed_since) END,
       due_at = excluded.due_at + CASE WHEN o.version <> excluded.version OR o.failed_since IS NULL
         THEN interval '0' ELSE LEAST(excluded.read_at - o.failed_since, interval '1 day') END`,
    [
      sourceId,
      rows.map(({ key }) => key),
      rows.map(({ version }) => version),
      rows.map(({ sizeBytes }) => sizeBytes),
      rows.map(({ failure }) => failure?.code ?? null),
      rows.map(({ failure }) => (failure === null ? null : foreignText(failure.message, 1_000))),
      now,
      rows.map(({ mayChange = false }) => mayChange),
    ],
  );
}

/** Makes all objects due to be read again: after a move or with another beginning, more of their events may count. */
export async function forgetObjects(tx: Transaction, sourceId: string): Promise<void> {
  await tx.update(source).set({ objectsListedAt: null }).where(eq(source.id, sourceId));
  await tx
    .update(sourceObject)
    .set({ dueAt: sql`'1970-01-01Z'::timestamptz` })
    .where(eq(sourceObject.sourceId, sourceId));
}

/** Matches an object that was incomplete when it was read. Its complete events count, and it is read again at times. */
export const isIncompleteOf = (sourceId: string | Column) =>
  and(
    eq(sourceObject.sourceId, sourceId),
    isNotNull(sourceObject.dueAt),
    isNotNull(sourceObject.failureCode),
  );

/** Matches a change of an object that had been read to its end. If it had been half-written, the change was expected. */
export const isOverwrittenOf = (sourceId: Column) =>
  and(eq(sourceObjectChange.sourceId, sourceId), sourceObjectChange.wasWhole);

/** Lists the newest incomplete objects of one source, and the newest changes of its objects. */
export async function listObjectFindings(
  db: Reader,
  { sourceId, limit }: { readonly sourceId: string; readonly limit: number },
) {
  const { failureCode: code, failure: message, failedSince: since } = sourceObject;
  const { key, version, sizeBytes, readAt } = sourceObject;
  const incomplete = await db
    .select({
      sourceId: sourceObject.sourceId,
      key,
      version,
      sizeBytes,
      code,
      message,
      since,
      readAt,
    })
    .from(sourceObject)
    .where(isIncompleteOf(sourceId))
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

/** Counts the objects that need attention, by source: those incomplete for an hour, and those overwritten this week. */
export async function countObjects(db: Reader, now: Date) {
  const since = (agoMs: number): Date => new Date(now.getTime() - agoMs);
  const rows = await db
    .select({
      id: source.id,
      incomplete: db.$count(
        sourceObject,
        and(isIncompleteOf(source.id), lt(sourceObject.failedSince, since(HOUR_MS))),
      ),
      overwritten: db.$count(
        sourceObjectChange,
        and(isOverwrittenOf(source.id), gt(sourceObjectChange.seenAt, since(WEEK_MS))),
      ),
    })
    .from(source)
    .where(and(isNotNull(source.objectsListedAt), isNull(source.removedAt)));
  return new Map(rows.map(({ id, ...counts }) => [id, counts]));
}

export type SourceMemory = ReturnType<typeof openSourceMemory>;

/** Opens what a pass remembers of a source that consists of objects, such as the files in a bucket. */
export function openSourceMemory(db: Database, sourceId: string, now: () => Date) {
  const startedAt = now();
  /** Objects that the source has read to their end, but whose events may not be stored yet. */
  const read: ReadObject[] = [];
  let isAsked = false;
  let looksAtAll: Promise<boolean> | undefined;
  const isFull = (): Promise<boolean> => {
    looksAtAll ??= isListingDue(db, sourceId, startedAt);
    return looksAtAll;
  };
  /** The part that the source itself uses. */
  const memory: ObjectMemory = {
    unread(objects) {
      isAsked = true;
      return listUnread(db, { sourceId, objects, now: startedAt });
    },
    skipUpTo: async (prefix) =>
      (await isFull()) ? null : findQuickStart(db, { sourceId, prefix, now: startedAt }),
    done: (object, failure) => read.push({ ...object, failure: failure ?? null }),
  };
  return {
    read,
    memory,
    /** Stores which objects were read. To be called after their events are stored. */
    async store(objects: readonly ReadObject[]) {
      if (objects.length > 0) await recordObjects(db, sourceId, { objects, now: now() });
    },
    /** To be called when the pass has read everything. */
    async complete() {
      if (isAsked && (await isFull())) await recordListing(db, sourceId, startedAt);
    },
  };
}
